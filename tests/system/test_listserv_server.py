"""What suivi-listserv asks a list server: a real Mailman 3 where Debian's package is there, and one that misbehaves."""
import http.server
import json
import os
import threading

import house
import mailman3
from weblog_case import nonzero

PASSWORD = 'correct horse'


class ServerTest(house.HouseTest):
    def settings(self, server, password=PASSWORD, mode=0o600, more=''):
        secret = self.house.write('password', (password + '\n').encode())
        os.chmod(secret, mode)
        return self.house.write('listserv.yaml', ('server: %s\nuser: restadmin\npassword_file: %s\n%s' % (server, secret, more)).encode())

    def run_it(self, config, code=0, more=()):
        return self.house.run('suivi-listserv', '--endpoint', self.house.endpoint, '--state', self.house.path('lists'), '--config', config, *more,
                              code=code)

    def levels(self, *arguments, split=()):
        return self.house.table(*arguments, by='year', split=split)


class RealMailman(ServerTest):
    def setUp(self):
        if not mailman3.there():
            self.skipTest('mailman3 is not installed')
        super().setUp()
        self.mailman = mailman3.Mailman(self.house)
        self.addCleanup(self.mailman.stop)
        self.mailman.wait()

    def make_lists(self):
        self.mailman.ask('domains', 'POST', mail_host='lists.example.org')
        for name, language in (('announce', 'en'), ('debat', 'fr'), ('quiet', 'en')):
            self.mailman.ask('lists', 'POST', fqdn_listname=name + '@lists.example.org')
            self.mailman.ask('lists/%s.lists.example.org/config/preferred_language' % name, 'PUT', preferred_language=language)
            self.mailman.ask('lists/%s.lists.example.org/config/default_nonmember_action' % name, 'PUT', default_nonmember_action='accept')
        for number in range(3):
            self.subscribe('announce', 'person%d@example.org' % number, 'member')
        self.subscribe('announce', 'moderator@example.org', 'moderator')
        self.mailman.ask('lists/debat.lists.example.org/config/default_member_action', 'PUT', default_member_action='hold')

    def subscribe(self, name, address, role):
        self.mailman.ask('members', 'POST', list_id=name + '.lists.example.org', subscriber=address, role=role, pre_verified='true',
                         pre_confirmed='true', pre_approved='true', send_welcome_message='false', delivery_mode='regular',
                         **({'delivery_status': 'by_user'} if role == 'member' else {}))

    def posts_sent(self, name):
        return self.mailman.ask('lists/%s.lists.example.org/config/post_id' % name)['post_id'] - 1

    def test_lists_and_posts(self):
        self.make_lists()
        for number in range(5):
            text = ('From: writer%d@example.org\nTo: announce@lists.example.org\nSubject: hello\nMessage-ID: <%d@example.org>\n'
                    'Date: Wed, 7 Mar 2018 10:00:00 +0000\n\nhello\n' % (number % 2, number))
            self.mailman.post('announce@lists.example.org', text)
        archive = os.path.join(self.mailman.archives, 'announce@lists.example.org')
        house.until(lambda: os.path.isdir(archive + '/new') and len(os.listdir(archive + '/new')) == 5, 'five messages archived', limit=120)
        house.until(lambda: self.posts_sent('announce') == 5, 'five posts numbered', limit=120)
        config = self.settings(self.mailman.url, mailman3.SECRET,
                               more='archives:\n  - list: announce\n    paths: ["%s"]\nlanguages:\n  quiet.lists.example.org: ru\n' % archive)
        ran = self.run_it(config)
        self.assertNotIn('has sent out', ran.err)
        year = max(period for _, period in self.levels('lists.number'))
        self.assertEqual(self.levels('lists.number', '--from', year)['lists.number', year], 3)
        self.assertEqual({key[2]: value for key, value in self.levels('lists.moderated', '--from', year, split=['language']).items()},
                         {'en': 1, 'fr': 1, 'ru': 0})
        members = {key[2]: value for key, value in self.levels('lists.members', '--from', year, split=['list']).items()}
        self.assertEqual(members, {'announce': 3, 'debat.lists.example.org': 0, 'quiet.lists.example.org': 0})
        # Their Date is years off; Mailman's own Received header says when they came.
        posts = nonzero(self.house.table('lists.posts', '--from', year))
        self.assertEqual((list(posts.values()), list(nonzero(self.house.table('lists.posters', '--from', year)).values())), ([5], [2]))
        os.unlink(os.path.join(archive, 'new', os.listdir(archive + '/new')[0]))
        self.assertNotIn('has sent out', self.run_it(config).err)      # what was counted stays counted
        self.mailman.ask('lists/debat.lists.example.org', 'DELETE')
        self.run_it(config)
        self.assertEqual(self.levels('lists.number', '--from', year)['lists.number', year], 2)
        moderated = {key[2]: value for key, value in self.levels('lists.moderated', '--from', year, split=['language']).items()}
        self.assertEqual(moderated, {'en': 1, 'fr': 0, 'ru': 0})


class Answers(http.server.BaseHTTPRequestHandler):
    """Says what the test wants said; None: what a list server would."""
    def do_GET(self):
        self.server.asked.append(self.path)
        said = self.server.say(self.path)
        if said is None:
            said = (200, json.dumps(self.usual()).encode())
        status, content = said
        self.send_response(status)
        for name, value in self.server.headers.items():
            self.send_header(name, value)
        self.send_header('Content-Length', str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def usual(self):
        path = self.path.split('/3.1/')[-1]
        if path.startswith('lists?'):
            page = int(path.rsplit('=', 1)[1])
            entries = [dict(list_id='l%d.example.org' % n, fqdn_listname='l%d@example.org' % n, list_name='l%d' % n, member_count=n)
                       for n in range(250)][100 * (page - 1):100 * page]
            return dict(start=0, total_size=250, entries=entries)
        if 'roster/moderator' in path:
            return dict(start=0, total_size=1)
        name = path.rsplit('/', 1)[1]
        return {name: {'post_id': 8, 'preferred_language': 'fr_CA', 'default_member_action': 'defer'}[name]}

    def log_message(self, *_):
        pass


class StandIn(ServerTest):
    def setUp(self):
        super().setUp()
        self.server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Answers)
        self.server.say, self.server.headers, self.server.asked = (lambda path: None), {}, []
        thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        thread.start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.url = 'http://127.0.0.1:%d/3.1' % self.server.server_address[1]

    def test_pages_and_what_is_asked(self):
        archive = self.house.write('l1.mbox', b'From a@b.example Thu Mar  1 10:00:00 2018\nMessage-ID: <1@x>\n\n\n')
        ran = self.run_it(self.settings(self.url, more='archives:\n  - list: l1@example.org\n    paths: ["%s"]\n' % archive))
        self.assertEqual(set(self.levels('lists.number').values()), {250})
        self.assertEqual(set(self.levels('lists.moderated', split=['language']).items()), {(('lists.moderated', max(
            period for _, period in self.levels('lists.number')), 'fr'), 250)})
        self.assertIn('l1@example.org: the list server has sent out 7 posts, and the archive holds 1', ran.err)
        self.assertFalse([path for path in self.server.asked if path.endswith('/config')], 'the whole configuration holds a password')
        self.assertNotIn(PASSWORD, ran.err + ran.out)

    def test_dry_run(self):
        ran = self.run_it(self.settings(self.url), more=['--dry-run'])
        self.assertRegex(ran.out, r'lists\.number,\d{4}-\d\d-\d\d,"",250')
        self.assertEqual(self.levels('lists.*'), {})

    def test_nonsense(self):
        archive = self.house.write('a.mbox', b'From a@b.example Thu Mar  1 10:00:00 2018\nMessage-ID: <1@x>\n\n\n')
        config = self.settings(self.url, more='archives:\n  - list: a\n    paths: ["%s"]\n' % archive)
        for said, words in (((401, b'{}'), 'neither this user nor this password'), ((500, b'{}'), 'HTTP 500'), ((302, b''), 'HTTP 302'),
                            ((200, b'nothing'), 'no JSON object'), ((200, b'[' * 100000), 'no JSON object'), ((200, b'{}'), 'not what Mailman 3'),
                            ((200, b'{"total_size": -1}'), 'not what Mailman 3'), ((200, b'{"total_size": 1, "entries": [{"list_id": "../x"}]}'), 'not what Mailman'),
                            ((200, b' ' * (5 << 20)), 'more than 4 MiB')):
            with self.subTest(said=said[1][:40]):
                self.server.say = lambda path, said=said: said
                self.server.headers = {'Location': 'http://127.0.0.1:1/'} if said[0] == 302 else {}
                ran = self.run_it(config, code=1)
                self.assert_one_sentence(ran.err, words)
        self.assertEqual(self.levels('lists.number', 'lists.members', 'lists.moderated'), {})
        self.assertEqual(nonzero(self.house.table('lists.posts')), {('lists.posts', '2018-03'): 1})       # all the same

    def test_nobody_there(self):
        self.server.shutdown()
        self.server.server_close()
        self.assert_one_sentence(self.run_it(self.settings(self.url), code=1).err, self.url, 'cannot be asked')


class Settings(ServerTest):
    daemon = False

    def refused(self, config, *words):
        ran = self.run_it(config, code=1)
        self.assert_one_sentence(ran.err, *words)
        self.assertEqual(len(ran.err.splitlines()), 1, ran.err)

    def test_faults(self):
        for text, words in (('serve: x\n', 'serve'), ('{}\n', 'nothing to do'), ('server: http://lists.example.org/3.1\n', 'https://'),
                            ('server: http://localhost:8001@evil.example/\n', 'https://'), ('server: http://localhost.evil.example/\n', 'https://'),
                            ('server: https://lists.example.org\n', 'password_file'),
                            ('archives:\n  - list: a\n    paths: [a.mbox]\n', 'listserv.yaml:3'),
                            ('archives:\n  - list: a\n    paths: [/a]\n  - list: a\n    paths: [/b]\n', 'twice')):
            with self.subTest(text=text):
                self.refused(self.house.write('listserv.yaml', text.encode()), 'listserv.yaml', words)
        self.refused(self.house.path('nowhere.yaml'), 'nowhere.yaml')

    def test_password_that_others_can_read(self):
        self.house.start()
        self.refused_by_mode(0o640)

    def refused_by_mode(self, mode):
        ran = self.run_it(self.settings('http://localhost:1/3.1', mode=mode), code=1)
        self.assert_one_sentence(ran.err, 'password', 'chmod 600')
        self.assertNotIn(PASSWORD, ran.err)


if __name__ == '__main__':
    house.main()
