/** What configurations of rsyslog and journald do to TRACE lines: kern, warning. */
import { describe, expect, test } from 'vitest'
import { CONFIGURATIONS } from '../../../src/live/doctor/config.ts'
import { journaldLoses } from '../../../src/live/doctor/journald.ts'
import { rsyslogLoses, takesTrace } from '../../../src/live/doctor/rsyslog.ts'

test.each([
  ['kern.*', true],
  ['*.*', true],
  ['*.*;auth,authpriv.none', true],
  ['*.info;mail.none;authpriv.none;cron.none', true],
  ['kern.warn', true],
  ['kern.warning', true],
  ['kern.=warning', true],
  ['user,kern.notice', true],
  ['kern.err', false],
  ['kern.error', false],
  ['*.emerg', false],
  ['kern.=info', false],
  ['mail.*', false],
  ['*.*;kern.none', false],
  ['*.info;kern.!warning', false],
  ['*.info;kern.!err', true],
  ['kern.none;*.*', true],
])('%s takes kern.warning: %s', (selector, takes) => {
  expect(takesTrace(selector)).toBe(takes)
})

const DEBIAN = [
  '# /etc/rsyslog.conf',
  'module(load="imuxsock") # provides support for local system logging',
  'module(load="imklog")   # provides kernel logging support',
  '$IncludeConfig /etc/rsyslog.d/*.conf',
  '*.*;auth,authpriv.none\t\t-/var/log/syslog',
  'kern.*\t\t\t\t-/var/log/kern.log',
]
const REDHAT = [
  '# /etc/rsyslog.conf',
  'module(load="imuxsock"    # provides support for local system logging (e.g. via logger command)',
  '       SysSock.Use="off") # Turn off message reception via local log socket;',
  'module(load="imjournal"             # provides access to the systemd journal',
  '       StateFile="imjournal.state") # File to store the position in the journal',
  '*.info;mail.none;authpriv.none;cron.none                /var/log/messages',
]

describe('rsyslog', () => {
  const codes = (lines: readonly string[]) => rsyslogLoses(lines).map(({ code }) => code)
  test.each<[string, readonly string[], string[]]>([
    ['none', [], []],
    ["Debian's", DEBIAN, []],
    ["Red Hat's", REDHAT, ['rsyslog-rate-limit']],
    [
      "Red Hat's without a limit",
      REDHAT.map((line) => line.replace('StateFile', 'Ratelimit.Interval="0" StateFile')),
      [],
    ],
    ['old words', ['$ModLoad imklog', 'kern.*  /var/log/kern.log'], []],
    ['a limit on imklog', ['module(load="imklog" ratelimitInterval="5")', 'kern.* /var/log/k'], ['rsyslog-rate-limit']],
    ['no input', ['module(load="imuxsock")', '*.* /var/log/syslog'], ['rsyslog-no-kernel-lines']],
    ['too high', ['module(load="imklog")', '*.err /var/log/errors'], ['rsyslog-takes-none']],
    ['thrown away', ['module(load="imklog")', 'kern.warning ~', '*.* /var/log/syslog'], ['rsyslog-stops']],
    ['by text', ['module(load="imklog")', ':msg, contains, "TRACE: " stop', '*.* /var/log/s'], ['rsyslog-stops']],
    ['by a condition', ['module(load="imklog")', "if $msg contains 'TRACE:' then stop", '*.* /v'], ['rsyslog-stops']],
    ['after a file', ['module(load="imklog")', 'kern.* /var/log/kern.log', ':msg, contains, "TRACE" stop'], []],
    ['other text', ['module(load="imklog")', ':msg, contains, "audit" stop', '*.* /var/log/syslog'], []],
    [
      'our own',
      [
        ...DEBIAN.slice(0, 3),
        ...CONFIGURATIONS.rsyslog.split('\n').filter((line) => !line.startsWith('#')),
        ...DEBIAN.slice(4),
      ],
      [],
    ],
  ])('%s', (_, lines, expected) => {
    expect(codes(lines)).toEqual(expected)
  })
})

describe('journald', () => {
  test.each<[string[], string[]]>([
    [['[Journal]'], []],
    [['ReadKMsg=yes', 'Storage=auto', 'MaxLevelStore=debug', 'RateLimitIntervalSec=30s'], []],
    [['ReadKMsg=no'], ['ReadKMsg=no']],
    [['Storage=none'], ['Storage=none']],
    [['MaxLevelStore=err'], ['MaxLevelStore=err']],
    [['MaxLevelStore=3'], ['MaxLevelStore=3']],
    [['MaxLevelStore=warning'], []],
    [['Storage=none', '# /etc/systemd/journald.conf.d/a.conf', 'Storage=persistent'], []],
  ])('%j', (lines, evidence) => {
    expect(journaldLoses(lines).map((loss) => loss.evidence)).toEqual(evidence)
  })
})
