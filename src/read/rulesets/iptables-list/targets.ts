/** The target's part of a line of `iptables -L`, at its end: for each target, how it words its options. */
import { dashed, free, type Pattern } from './patterns.ts'

const NAT_FLAGS = '((?: (?:random|random-fully|persistent))*)'
const flags = (text = ''): string => (text === '' ? '' : ` ${dashed(text, /^./)}`)
const TO = new RegExp(`to:(\\S+)${NAT_FLAGS}$`, 'y')
const RANDOM = /(random|random-fully)()$/y

/** The bits of LOG's `flags` (include/uapi/linux/netfilter/nf_log.h). */
const LOG_FLAGS: readonly (readonly [bit: number, option: string])[] = [
  [1, '--log-tcp-sequence'],
  [2, '--log-tcp-options'],
  [4, '--log-ip-options'],
  [8, '--log-uid'],
  [32, '--log-macdecode'],
]

function log([, bits, level, names = '', prefix]: RegExpExecArray): string {
  const number = Number(bits ?? 0)
  const options = LOG_FLAGS.filter(([bit, option]) => number & bit || names.includes(option.slice(6)))
  return [
    ...(level === undefined ? [] : [`--log-level ${level === 'warn' ? 'warning' : level}`]),
    ...(prefix === undefined ? [] : [`--log-prefix ${free(prefix)}`]),
    ...options.map(([, option]) => option),
  ].join(' ')
}

const hops = (name: string): readonly Pattern[] => [
  [
    new RegExp(`${name.toUpperCase()} (set to|decrement by|increment by) (\\d+)$`, 'y'),
    ([, what = '', value]) => `--${name}-${what.slice(0, 3)} ${value}`,
  ],
]

const nat = (option: string): readonly Pattern[] => [[TO, ([, to, more]) => `--${option} ${to}${flags(more)}`]]

const redirected = (text: string): readonly Pattern[] => [
  [new RegExp(`${text} ?(\\S+)${NAT_FLAGS}$`, 'y'), ([, ports, more]) => `--to-ports ${ports}${flags(more)}`],
  [RANDOM, ([, flag]) => `--${flag}`],
]

const prefixes: readonly Pattern[] = [
  [/[SD]NPT src-pfx (\S+) dst-pfx (\S+)$/y, ([, from, to]) => `--src-pfx ${from} --dst-pfx ${to}`],
]

/** By the target's name. A target without an entry has no options that are shown, or none that are understood. */
export const TARGET_PATTERNS: Readonly<Record<string, readonly Pattern[]>> = {
  LOG: [
    [
      /LOG(?: flags (\d+))?(?: level (\S+))?((?: (?:tcp-sequence|tcp-options|ip-options|uid|macdecode|unknown-flags))*)(?: prefix [`"](.*)["'])?$/y,
      log,
    ],
  ],
  REJECT: [[/reject-with (\S+)$/y, ([, type]) => `--reject-with ${type}`]],
  DNAT: nat('to-destination'),
  SNAT: nat('to-source'),
  NETMAP: [...nat('to'), [/(\d\S+\/\d+)$/y, ([, to]) => `--to ${to}`]],
  REDIRECT: redirected('redir ports'),
  MASQUERADE: redirected('masq ports:'),
  MARK: [[/MARK (set|xset|and|or|xor) (\S+)$/y, ([, how = '', value]) => `--${markOption(how)} ${value}`]],
  CONNMARK: [
    [/CONNMARK (set|xset|and|or|xor) (\S+)$/y, ([, how = '', value]) => `--${markOption(how)} ${value}`],
    [/CONNMARK (save|restore)$/y, ([, what]) => `--${what}-mark`],
    [/CONNMARK (save|restore) mask (\S+)$/y, ([, what, mask]) => `--${what}-mark --mask ${mask}`],
  ],
  CT: [
    [/(?:CT )?(?:NOTRACK|notrack)$/y, () => '--notrack'],
    [
      /CT((?: (?:zone|zone-orig|zone-reply|helper|ctevents|expevents|timeout) \S+)*)$/y,
      ([, options = '']) => dashed(options, /^(?:zone|zone-orig|zone-reply|helper|ctevents|expevents|timeout)$/),
    ],
  ],
  TCPMSS: [
    [/TCPMSS clamp to PMTU$/y, () => '--clamp-mss-to-pmtu'],
    [/TCPMSS set (\d+)$/y, ([, size]) => `--set-mss ${size}`],
  ],
  TPROXY: [
    [
      /TPROXY redirect (\S+):(\d+) mark (\S+)$/y,
      ([, address, port, mark]) => `--on-port ${port} --on-ip ${address} --tproxy-mark ${mark}`,
    ],
  ],
  NFQUEUE: [
    [
      /NFQUEUE (num|balance) (\S+)( bypass)?( cpu-fanout)?$/y,
      ([, how, queue, bypass, fanout]) =>
        `--queue-${how} ${queue}${bypass ? ' --queue-bypass' : ''}${fanout ? ' --queue-cpu-fanout' : ''}`,
    ],
  ],
  NFLOG: [
    [
      /((?:nflog-prefix {1,2}(?:"[^"]*"|\S+)|nflog-(?:group|size|range|threshold) \d+|[ ])*)$/y,
      ([, options = '']) => options.replace(/(^| )(nflog-)/g, '$1--$2').replace(/ +/g, ' '),
    ],
  ],
  TTL: hops('ttl'),
  HL: hops('hl'),
  DSCP: [[/DSCP set (\S+)$/y, ([, value]) => `--set-dscp ${value}`]],
  TOS: [[/TOS set (\S+)$/y, ([, value]) => `--set-tos ${value}`]],
  CLASSIFY: [[/CLASSIFY set (\S+)$/y, ([, value]) => `--set-class ${value}`]],
  TEE: [
    [/TEE gw:(\S+)(?: oif=(\S+))?$/y, ([, to, out]) => `--gateway ${to}${out === undefined ? '' : ` --oif ${out}`}`],
  ],
  SET: [
    [
      /((?:(?:add|del|map)-set \S+ \S+(?: exist| timeout \d+| map-(?:mark|prio|queue))* ?)+)$/y,
      ([, options = '']) => dashed(options, /^(?:(?:add|del|map)-set|exist|timeout|map-(?:mark|prio|queue))$/),
    ],
  ],
  SYNPROXY: [
    [
      /SYNPROXY((?: (?:sack-perm|timestamp|ecn|(?:wscale|mss) \d+))*)$/y,
      ([, options = '']) => dashed(options, /^[a-z]/),
    ],
  ],
  CHECKSUM: [[/CHECKSUM fill$/y, () => '--checksum-fill']],
  AUDIT: [[/AUDIT (\S+)$/y, ([, type]) => `--type ${type}`]],
  CONNSECMARK: [[/CONNSECMARK (save|restore)$/y, ([, what]) => `--${what}`]],
  TCPOPTSTRIP: [[/TCPOPTSTRIP options (\S+)$/y, ([, list]) => `--strip-options ${list}`]],
  IDLETIMER: [
    [
      /timeout:(\d+) label:(\S+)( alarm)?$/y,
      ([, seconds, label, alarm]) => `--timeout ${seconds} --label ${label}${alarm ? ' --alarm' : ''}`,
    ],
  ],
  DNPT: prefixes,
  SNPT: prefixes,
}

const markOption = (how: string): string => (how === 'set' ? 'set-mark' : how === 'xset' ? 'set-xmark' : `${how}-mark`)
