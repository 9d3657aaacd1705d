import type { Facts } from '../../survey/facts.ts'
import { journaldLoses } from '../journald.ts'
import { legacyFamilies } from '../legacy.ts'
import type { Loss } from '../loss.ts'
import type { Cause, Problem } from '../problem.ts'
import { rsyslogLoses } from '../rsyslog.ts'

export const logDaemon: Cause = {
  id: 'log-daemon',
  about: {
    cause: "the log daemon does not read the kernel's lines, filters them, or drops them under load",
    check:
      "rsyslog's configuration (imklog or imjournal, their rate limits, `kern.*`, rules with stop) and " +
      "journald's (ReadKMsg, Storage, MaxLevelStore), if the daemon runs. journald's RateLimitIntervalSec " +
      'does not matter: it counts per unit, and the kernel is not a unit (journald-server.c)',
    mend: '`nfwhy doctor --print-config rsyslog`, or read `dmesg` itself',
  },
  tested: 'in a namespace',
  check(facts, wish) {
    if (legacyFamilies(facts, wish).length === 0) return []
    return [
      ...(runs(facts, 'rsyslogd') ? rsyslogLoses(facts.texts.get('rsyslog') ?? []).map(toProblem('rsyslog')) : []),
      ...(runs(facts, 'systemd-journal')
        ? journaldLoses(facts.texts.get('journald') ?? []).map(toProblem('journald'))
        : []),
    ]
  },
}

const runs = ({ processes }: Facts, name: string): boolean => processes.some((process) => process.name === name)

const toProblem =
  (daemon: 'rsyslog' | 'journald') =>
  ({ code, message, evidence, sometimes }: Loss): Problem => ({
    code,
    severity: sometimes ? 'note' : 'warning',
    message,
    evidence,
    fix: {
      description:
        daemon === 'rsyslog'
          ? 'nfwhy doctor --print-config rsyslog prints a configuration that keeps TRACE lines; until then read dmesg itself'
          : 'configure journald to keep kernel lines, and restart systemd-journald; until then read dmesg itself',
      safe: false,
      unsafe: 'it changes what this machine logs',
    },
  })
