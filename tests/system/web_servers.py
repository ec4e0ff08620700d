"""The web servers that people have, as programs of a test: nginx on a socket of its own, Apache on a free port. Neither is
touched as a service of the machine."""
import http.client
import os
import shutil
import socket

import house

APACHE_MODULES = '/usr/lib/apache2/modules'
NGINX_TEMPORARY = ('client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi')


def find(name):
    return shutil.which(name) or shutil.which(name, path='/usr/sbin:/usr/local/sbin')


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__('localhost', timeout=house.LIMIT)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Server:
    """Files of `root`, with the shipped settings. `clock`: a clocks.Clock. Ends with the house."""

    def __init__(self, test, home, root, clock):
        self.home, self.clock = home, clock
        self.binary = find(self.program)
        if not self.binary:
            test.skipTest('no %s here' % self.program)
        self.log = home.path(self.program + '.log')
        self.settings = home.write(self.program + '.conf', self.configure(root).encode())
        env = house.environment(NO_FAKE_STAT='1', **clock.environment())
        self.running = house.Running([self.binary, *self.arguments()], env=env)
        home.others.append(self.running)
        house.until(self.answers, self.program + ' to answer')

    def answers(self):
        try:
            self.get('/nothing-there')
        except OSError:
            if not self.running.alive():
                raise AssertionError('%s: %s' % (self.program, self.running.stderr())) from None
            return False
        return True

    def get(self, path, stamp=None, headers=(), method='GET'):
        """Status, and the stamp that the answer sets, with all that is said of it; None: none."""
        connection = self.connection()
        try:
            sent = {'User-Agent': 'Mozilla/5.0 (X11) Firefox/60.0', **dict(headers)}
            if stamp is not None:
                sent['Cookie'] = 'other=1; suivi=%s; more=2' % stamp
            connection.request(method, path, headers=sent)
            response = connection.getresponse()
            response.read()
            cookies = response.headers.get_all('Set-Cookie') or []
            assert len(cookies) <= 1, cookies
            return response.status, cookies[0] if cookies else None
        finally:
            connection.close()

    def stop(self):
        """What it logged, whole."""
        self.running.signal(15)
        self.running.wait()
        with open(self.log, 'rb') as log:
            return log.read()


class Nginx(Server):
    program = 'nginx'

    def configure(self, root):
        socket_path = self.home.path('nginx.sock')
        temporary = ''.join('%s_temp_path %s;\n' % (name, self.home.path('nginx-' + name)) for name in NGINX_TEMPORARY)
        return '''
daemon off; master_process off; pid %s; error_log stderr;
env FAKETIME_TIMESTAMP_FILE; env FAKETIME_NO_CACHE; env FAKETIME_DONT_FAKE_MONOTONIC;
events { worker_connections 64; }
http {
    %s
    access_log off;
    include %s;
    server {
        listen unix:%s;
        root %s;
        add_header Set-Cookie $suivi_cookie;
        access_log %s suivi;
        location = /moved { return 302 /; }
    }
}
''' % (self.home.path('nginx.pid'), temporary, os.path.join(house.SOURCE, 'config/nginx/suivi-stamp.conf'), socket_path, root,
       self.log)

    def arguments(self):
        return ['-c', self.settings, '-e', 'stderr']

    def connection(self):
        return UnixConnection(self.home.path('nginx.sock'))


class Apache(Server):
    program = 'apache2'

    def configure(self, root):
        with socket.socket() as probe:
            probe.bind(('127.0.0.1', 0))
            self.port = probe.getsockname()[1]
        modules = ''.join('LoadModule %s_module %s/mod_%s.so\n' % (name, APACHE_MODULES, name)
                          for name in ('mpm_event', 'authz_core', 'dir', 'alias', 'headers', 'setenvif'))
        user = 'User nobody\nGroup nogroup\n' if os.geteuid() == 0 else ''
        return '''
ServerRoot %s
ServerName localhost
Listen 127.0.0.1:%d
PidFile %s
%s%sErrorLog /dev/stderr
<Directory />
    Require all granted
</Directory>
<VirtualHost *>
    DocumentRoot %s
    DirectoryIndex index.html
    Redirect 302 /moved /
    Include %s
    CustomLog %s suivi
</VirtualHost>
''' % (self.home.directory, self.port, self.home.path('apache.pid'), modules, user, root,
       os.path.join(house.SOURCE, 'config/apache/suivi-stamp.conf'), self.log)

    def arguments(self):
        return ['-f', self.settings, '-X']

    def connection(self):
        return http.client.HTTPConnection('127.0.0.1', self.port, timeout=house.LIMIT)
