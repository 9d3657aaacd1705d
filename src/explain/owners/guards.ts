/** Programs that ban or admit single addresses while the system runs. */
import type { Owner } from './owner.ts'

export const GUARDS: readonly Owner[] = [
  {
    name: 'fail2ban',
    instead: 'use fail2ban-client set JAIL unbanip ADDRESS, or change the jail in /etc/fail2ban/jail.local',
    lasting: 'change the jail',
    rewrites: false,
    when: 'when the jail restarts, for example when it bans an address after its chain was deleted',
    // config/action.d; fail2ban-: before 0.9
    marks: [
      { chains: /^(f2b|fail2ban)-/, sets: /^(f2b|fail2ban)-/ },
      { tables: /^(inet|ip6?) f2b-table$/, whole: true },
      { chains: /^f2b-chain$/ },
    ],
  },
  {
    name: 'crowdsec',
    instead: 'use cscli decisions delete --ip ADDRESS, or an allowlist',
    lasting: 'use cscli decisions or an allowlist',
    rewrites: false,
    when: 'when the firewall bouncer restarts; it restores addresses when it next fetches decisions',
    // cs-firewall-bouncer, pkg/iptables and config
    marks: [
      { chains: /^CROWDSEC_(CHAIN|LOG)$/, sets: /^crowdsec6?-blacklists(-\d+)?$/ },
      { tables: /^ip crowdsec$|^ip6 crowdsec6$/, whole: true },
    ],
  },
  {
    name: 'sshguard',
    instead: 'add the address to /etc/sshguard/whitelist and restart sshguard',
    lasting: 'change /etc/sshguard/whitelist',
    rewrites: false,
    when: 'at the next attack from the address',
    // libexec/sshguard/sshg-fw-*
    marks: [
      { chains: /^sshguard$/, sets: /^sshguard[46]$/ },
      { tables: /^ip6? sshguard$/, whole: true },
    ],
  },
  {
    name: 'psad',
    instead: 'use psad --fw-rm-block-ip ADDRESS, or /etc/psad/auto_dl',
    lasting: 'change /etc/psad/auto_dl',
    rewrites: false,
    when: 'at the next scan from the address',
    marks: [{ chains: /^PSAD_BLOCK_(INPUT|OUTPUT|FORWARD)$/ }],
  },
  {
    name: 'fwknop',
    instead: 'send a new authorization packet, or change /etc/fwknop/access.conf',
    lasting: 'change /etc/fwknop/access.conf',
    rewrites: false,
    when: 'at the next authorization packet',
    marks: [{ chains: /^FWKNOP_[A-Z_]+$/ }],
  },
  {
    name: 'banip',
    instead: 'use /etc/init.d/banip, its allowlist or /etc/config/banip',
    lasting: 'change /etc/config/banip',
    rewrites: false,
    when: 'at banip reload',
    marks: [{ tables: /^inet banIP$/, whole: true }],
  },
  {
    name: 'walinuxagent',
    instead:
      'keep this rule: it protects the Azure wire server from programs without root (OS.EnableFirewall in /etc/waagent.conf)',
    lasting: 'change /etc/waagent.conf',
    rewrites: true,
    when: 'within five minutes (OS.EnableFirewallPeriod)',
    // azurelinuxagent/ga/firewall_manager.py
    marks: [
      {
        tables: /^ip security$/,
        rules:
          /^OUTPUT -d 168\.63\.129\.16\/32 -p tcp -m (tcp --dport 53 -j ACCEPT|owner --uid-owner 0 -j ACCEPT|conntrack --ctstate INVALID,NEW -j DROP)$/,
      },
      { tables: /^ip walinuxagent$/, whole: true },
    ],
  },
]
