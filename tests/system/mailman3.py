"""A real Mailman 3 for a test: as an ordinary process, on ports of its own, in a directory of its own."""
import base64
import json
import os
import smtplib
import socket
import subprocess
import urllib.error
import urllib.parse
import urllib.request

import house

MASTER = '/usr/lib/mailman3/bin/master'
SECRET = 'not-a-word-of-it'
RUNNERS_NOT_WANTED = ('bounces', 'command', 'digest', 'nntp', 'retry', 'task', 'virgin')
SETTINGS = '''
[mailman]
site_owner: owner@example.org
layout: here
[paths.here]
var_dir: {var}
bin_dir: /usr/lib/mailman3/bin
log_dir: $var_dir/logs
lock_dir: $var_dir/locks
data_dir: $var_dir/data
cache_dir: $var_dir/cache
etc_dir: $var_dir/etc
queue_dir: $var_dir/queue
list_data_dir: $var_dir/lists
messages_dir: $var_dir/messages
archive_dir: $var_dir/archives
template_dir: $var_dir/templates
ext_dir: $var_dir/ext
pid_file: $var_dir/master.pid
lock_file: $lock_dir/master.lck
[database]
class: mailman.database.sqlite.SQLiteDatabase
url: sqlite:///{var}/mailman.db
[webservice]
hostname: 127.0.0.1
port: {rest}
admin_user: restadmin
admin_pass: {secret}
[mta]
incoming: mailman.mta.null.NullMTA
smtp_host: 127.0.0.1
smtp_port: {smtp}
lmtp_host: 127.0.0.1
lmtp_port: {lmtp}
[archiver.prototype]
enable: yes
'''


def there():
    return os.access(MASTER, os.X_OK)


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(('127.0.0.1', 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


class Mailman:
    def __init__(self, home):
        self.home = home
        var = home.path('mailman')
        os.mkdir(var)
        rest, self.lmtp, smtp = free_ports(3)
        self.url = 'http://127.0.0.1:%d/3.1' % rest
        text = SETTINGS.format(var=var, rest=rest, lmtp=self.lmtp, smtp=smtp, secret=SECRET)
        text += ''.join('[runner.%s]\nstart: no\n' % name for name in RUNNERS_NOT_WANTED)
        settings = home.write('mailman.cfg', text.encode())
        self.archives = os.path.join(var, 'archives', 'prototype')
        self.running = house.Running([MASTER, '-C', settings, '--force'], stdout=subprocess.DEVNULL, env=dict(os.environ))
        home.others.append(self.running)

    def wait(self):
        house.until(self.answers, 'Mailman answers', limit=120)

    def answers(self):
        if not self.running.alive():
            raise AssertionError('Mailman ended:\n' + self.running.stderr())
        try:
            self.ask('system/versions')
            with socket.create_connection(('127.0.0.1', self.lmtp), timeout=5):
                return True
        except (OSError, urllib.error.URLError):
            return False

    def ask(self, path, method='GET', **fields):
        data = urllib.parse.urlencode(fields).encode() if fields else None
        request = urllib.request.Request(self.url + '/' + path, data=data, method=method)
        request.add_header('Authorization', 'Basic ' + base64.b64encode(('restadmin:' + SECRET).encode()).decode())
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60) as answer:
            content = answer.read()
        return json.loads(content) if content else None

    def post(self, to, message):
        with smtplib.LMTP('127.0.0.1', self.lmtp, timeout=60) as server:
            server.sendmail('writer@example.org', [to], message)

    def stop(self):
        self.running.signal(house.signal.SIGTERM)
        self.running.process.wait(60)
