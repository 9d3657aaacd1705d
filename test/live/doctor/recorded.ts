/** What a probe prints on machines that are not this one, and what is to be found in it. */
import { readFileSync } from 'node:fs'
import { type Facts, readFacts } from '../../../src/live/survey/facts.ts'

export interface Recorded {
  /** In fixtures/live/doctor, without `.txt`. */
  name: string
  cause?: string
  codes: string[]
  /** Commands that are proposed. */
  commands?: string[]
  filter?: string
  /** What is known of such a place from outside. */
  outside?: Partial<Facts>
}

export const RECORDED: readonly Recorded[] = [
  { name: 'module-missing-openwrt', cause: 'module-missing', codes: ['module-missing', 'module-missing'] },
  {
    name: 'flow-offload-nft',
    cause: 'flow-offload',
    codes: ['flow-offload'],
    commands: ['nft delete rule inet fw4 forward handle 40'],
  },
  {
    name: 'flow-offload-legacy',
    cause: 'flow-offload',
    codes: ['flow-offload'],
    commands: [
      "iptables -w -t filter -D FORWARD -m comment --comment '!fw3: Traffic offloading' -m conntrack --ctstate RELATED,ESTABLISHED -j FLOWOFFLOAD",
    ],
  },
  {
    name: 'console-flood',
    cause: 'console-flood',
    codes: ['console-flood', 'trace-rule', 'trace-rule'],
    commands: ["sysctl -w 'kernel.printk=4 4 1 7'"],
  },
  {
    name: 'logger-not-loaded',
    cause: 'no-logger',
    codes: ['no-logger'],
    commands: ['modprobe nf_log_syslog && sysctl -w net.netfilter.nf_log.2=nf_log_ipv4'],
  },
  {
    name: 'namespace-of-a-host-that-is-silent',
    cause: 'namespace-log',
    codes: ['namespace-log'],
    outside: { allNetns: '0' },
  },
  { name: 'namespace-of-a-host-that-is-silent', cause: 'namespace-log', codes: [], outside: { allNetns: '1' } },
  { name: 'namespace-of-a-host-that-is-silent', cause: 'namespace-log', codes: ['namespace-log-unknown'] },
  {
    name: 'xdp',
    cause: 'never-arrives',
    codes: ['before-the-hooks'],
    filter: 'in eth0',
    commands: ['ip -d link show dev eth0'],
  },
  {
    name: 'bridge-without-br-netfilter',
    cause: 'bridged',
    codes: ['bridged'],
    filter: 'in tap0',
    commands: ['modprobe br_netfilter'],
  },
  { name: 'healthy-router', codes: [] },
  // somebody waits for traces, and a rule of iptables-legacy may begin them
  { name: 'rootless-container', codes: [] },
  {
    name: 'killed-session',
    cause: 'leftover',
    codes: ['leftover-rule', 'leftover-note'],
    commands: ['nfwhy trace --cleanup'],
  },
]

export const fixture = (name: string): string =>
  readFileSync(new URL(`../../../fixtures/live/doctor/${name}.txt`, import.meta.url), 'utf8')

export const recordedFacts = ({ name, outside }: Recorded): Facts => ({ ...readFacts(fixture(name)), ...outside })
