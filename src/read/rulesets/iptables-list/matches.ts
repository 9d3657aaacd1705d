/** The matches' part of a line of `iptables -L`, after the addresses. */
import { dashed, flagNames, free, not, type Pattern, slash, UNREAD } from './patterns.ts'

// before 1.8.8 there was no blank in front of `flags:`, but one behind it
const PORT = String.raw`[\w-]+?(?=[: ]|flags:|$)`
const BITS = '(?:0x[\\dA-Fa-f]{2}|[A-Z,]+)'
const PORTS = new RegExp(
  String.raw`(tcp|udp|sctp|dccp)((?: (?:[sd]pts?:!?${PORT}(?::${PORT})?|option=!?\d+)| ?flags: ?!?${BITS}/${BITS})*)(?= |$)`,
  'y',
)
const PORT_ITEM = /(spt|spts|dpt|dpts|option|flags)(?:[:=]|: )(!?)(\S+?)(?= |flags:|$)/g
const PORT_OPTIONS: Readonly<Record<string, string>> = {
  ...{ spt: 'sport', spts: 'sport', dpt: 'dport', dpts: 'dport' },
}

function portItems(name: string, text: string): string {
  const words = [`-m ${name}`]
  for (const [, key = '', mark, value = ''] of text.matchAll(PORT_ITEM)) {
    if (key === 'flags') words.push(`${not(mark)}--tcp-flags ${value.split('/').map(flagNames).join(' ')}`)
    else words.push(`${not(mark)}--${PORT_OPTIONS[key] ?? `${name}-option`} ${value}`)
  }
  return words.join(' ')
}

const CONNTRACK =
  /(?:(?:! )?ct(?:state|proto|origsrc|origdst|replsrc|repldst|origsrcport|origdstport|replsrcport|repldstport|status|expire|dir) \S+ ?)+/y
const CONNTRACK_NAME = /^ct/

const RECENT =
  /(! )?recent: (SET|CHECK|UPDATE|REMOVE)(?: seconds: (\d+))?( reap)?(?: hit_count: (\d+))?( TTL-Match)?(?: name: (\S+))?(?: side: (source|dest))?(?: mask: (\S+))?/y
const RECENT_COMMANDS: Readonly<Record<string, string>> = {
  ...{ SET: 'set', CHECK: 'rcheck', UPDATE: 'update', REMOVE: 'remove' },
}

function recent([, mark, command = '', seconds, reap, hits, ttl, name, side, mask]: RegExpExecArray): string {
  const option = (text: string, value: string | undefined) => (value === undefined ? '' : ` --${text} ${value}`)
  const flags = `${reap ? ' --reap' : ''}${option('hitcount', hits)}${ttl ? ' --rttl' : ''}`
  const where = `${option('name', name)}${option('mask', mask)}${side === 'dest' ? ' --rdest' : ' --rsource'}`
  return `-m recent ${not(mark)}--${RECENT_COMMANDS[command]}${option('seconds', seconds)}${flags}${where}`
}

/** `spi:5`, `spis:!3:7`, for ah, esp and ipcomp. */
const spi = (name: string, option: string, text: string | undefined, mark?: string, more = ''): string =>
  `-m ${name}${text === undefined ? '' : ` ${not(mark)}--${option} ${text}`}${more}`

const COMPARED: Readonly<Record<string, string>> = { '==': 'eq', '!=': 'eq', '<': 'lt', '>': 'gt' }
const hops = (name: string, [, operator = '', value]: RegExpExecArray): string =>
  `-m ${name} ${operator === '!=' ? '! ' : ''}--${name}-${COMPARED[operator]} ${value}`

/** In this order: a longer beginning stands before a shorter one. */
export const MATCH_PATTERNS: readonly Pattern[] = [
  [/\/\* (.*?) \*\//y, ([, text]) => `-m comment --comment ${free(text)}`],
  [PORTS, ([, name = '', text = '']) => portItems(name, text)],
  [CONNTRACK, ([text]) => `-m conntrack ${dashed(text, CONNTRACK_NAME)}`],
  [/(! )?state ([A-Z,]+)/y, ([, mark, states]) => `-m state ${not(mark)}--state ${states}`],
  [
    /(icmp|ipv6-icmp) ?(!)?type (\d+)(?: code (\d+)(?:-\d+)?)?/y,
    ([, name = '', mark, type = '', code]) => icmp(name, mark, slash(type, code)),
  ],
  [/(icmp|ipv6-icmp) (!)?([a-zA-Z][\w-]*)(?= |$)/y, ([, name = '', mark, type = '']) => icmp(name, mark, type)],
  [
    /multiport (ports|sports|dports) +(!)?(\S+)/y,
    ([, which, mark, ports]) => `-m multiport ${not(mark)}--${which} ${ports}`,
  ],
  [/limit: avg (\S+) burst (\d+)/y, ([, rate, burst]) => `-m limit --limit ${rate} --limit-burst ${burst}`],
  // the table's name, which rules share, is not shown
  [
    /limit: (?:up to|above) \S+(?: (?:burst|mode|srcmask|dstmask|htable-\w+|rate-interval) \S+| rate-match)*/y,
    () => UNREAD,
  ],
  [
    /(?:mark|MARK) match +(! ?)?(0x[\da-f]+(?:\/0x[\da-f]+)?)/y,
    ([, mark, value]) => `-m mark ${not(mark)}--mark ${value}`,
  ],
  [
    /(?:connmark|CONNMARK) match +(! ?)?(0x[\da-f]+(?:\/0x[\da-f]+)?)/y,
    ([, mark, value]) => `-m connmark ${not(mark)}--mark ${value}`,
  ],
  [
    /ADDRTYPE match((?: (?:src|dst)-type !?[A-Z,]+)+)(?: limit-(in|out))?/y,
    ([, types = '', limit]) =>
      `-m addrtype ${types.trim().replace(/(src|dst)-type (!)?/g, (_, side, mark) => `${not(mark)}--${side}-type `)}` +
      `${limit === undefined ? '' : ` --limit-iface-${limit}`}`,
  ],
  [
    /((?:! )?(?:match-)?set) (\S+ \S+(?: (?:(?:! )?(?:return-nomatch|update-counters|update-subcounters)|(?:! )?(?:packets|bytes)-(?:eq|lt|gt) \d+))*)/y,
    ([, head = '', rest = '']) =>
      `-m set ${head.startsWith('!') ? '! ' : ''}--match-set ` +
      dashed(rest, /^(?:return-nomatch|update-(?:sub)?counters|(?:packets|bytes)-(?:eq|lt|gt))$/),
  ],
  [/MAC ?(! ?)?([\dA-Fa-f]{2}(?::[\dA-Fa-f]{2}){5})/y, ([, mark, mac]) => `-m mac ${not(mark)}--mac-source ${mac}`],
  [
    /((?:! )?owner (?:(?:UID|GID) match \S+|socket exists)(?: incl\. suppl\. groups)? ?)+/y,
    ([text]) =>
      `-m owner ${text
        .replace(/owner (UID|GID) match/g, (_, what: string) => `--${what.toLowerCase()}-owner`)
        .replace('owner socket exists', '--socket-exists')
        .replace('incl. suppl. groups', '--suppl-groups')}`,
  ],
  [/PHYSDEV match((?: !| --physdev-\S+| [^\s!-]\S*(?= |$))+)/y, ([, options]) => `-m physdev ${options}`],
  [/PKTTYPE (!?=) (\S+)/y, ([, is, type]) => `-m pkttype ${is === '!=' ? '! ' : ''}--pkt-type ${type}`],
  [
    /policy match (dir (?:in|out) pol (?:none|ipsec))((?: !)? (?:reqid|spi|proto|mode|tunnel-src|tunnel-dst) \S+)*/y,
    ([text]) =>
      `-m policy ${dashed(text.slice(13), /^(?:dir|pol|reqid|spi|proto|mode|tunnel-src|tunnel-dst)$/).replace(
        /--proto (50|51|108)/,
        (_, number: string) => `--proto ${IPSEC[number]}`,
      )}`,
  ],
  [
    /(?:source IP range (! )?([^\s]+))?(?: ?destination IP range (! )?([^\s]+))?/y,
    ([, notSource, source, notDestination, destination]) =>
      source === undefined && destination === undefined
        ? undefined
        : `-m iprange${source === undefined ? '' : ` ${not(notSource)}--src-range ${source}`}` +
          `${destination === undefined ? '' : ` ${not(notDestination)}--dst-range ${destination}`}`,
  ],
  [RECENT, recent],
  [/length !(\S+)/y, ([, value]) => `-m length ! --length ${value}`],
  [/length (\d\S*)/y, ([, value]) => `-m length --length ${value}`],
  [/TTL match TTL (==|!=|<|>) (\d+)/y, (found) => hops('ttl', found)],
  [/HL match HL (==|!=|<|>) (\d+)/y, (found) => hops('hl', found)],
  [/DSCP match (!)?(0x[\da-f]+)/y, ([, mark, value]) => `-m dscp ${not(mark)}--dscp ${value}`],
  [/tos match ?(!)?(0x[\da-f]+\/0x[\da-f]+)/y, ([, mark, value]) => `-m tos ${not(mark)}--tos ${value}`],
  [/tcpmss match (!)?(\S+)/y, ([, mark, value]) => `-m tcpmss ${not(mark)}--mss ${value}`],
  [/helper match (! )?"([^"]*)"/y, ([, mark, name]) => `-m helper ${not(mark)}--helper ${free(name)}`],
  [/(! )?realm (0x[\da-f]+(?:\/0x[\da-f]+)?)/y, ([, mark, value]) => `-m realm ${not(mark)}--realm ${value}`],
  [/cpu (! )?(\d+)/y, ([, mark, value]) => `-m cpu ${not(mark)}--cpu ${value}`],
  [/cgroup (! )?(\d+)(?= |$)/y, ([, mark, value]) => `-m cgroup ${not(mark)}--cgroup ${value}`],
  [/cgroup (! )?(\/\S*)/y, ([, mark, path]) => `-m cgroup ${not(mark)}--path ${free(path)}`],
  [/((?:! )?(?:src|dst)-group \S+ ?)+/y, ([text]) => `-m devgroup ${dashed(text, /^(?:src|dst)-group$/)}`],
  [
    /statistic mode random (! )?probability ([\d.]+)/y,
    ([, mark, value]) => `-m statistic --mode random ${not(mark)}--probability ${value}`,
  ],
  [
    /statistic mode nth (! )?every (\d+)(?: packet (\d+))?/y,
    ([, mark, every, packet = '0']) => `-m statistic --mode nth ${not(mark)}--every ${every} --packet ${packet}`,
  ],
  [
    /STRING match +(! )?"((?:[^"\\]|\\.)*)" ALGO name (\w+)(?: FROM (\d+))?(?: TO (\d+))?( ICASE)?/y,
    ([, mark, text = '', algo, from, to, icase]) =>
      `-m string ${not(mark)}--${/^\|[\da-f]+\|$/.test(text) ? 'hex-' : ''}string "${text}" --algo ${algo}` +
      `${from === undefined ? '' : ` --from ${from}`}${to === undefined ? '' : ` --to ${to}`}${icase ? ' --icase' : ''}`,
  ],
  [/u32 (! )?"([^"]*)"/y, ([, mark, text]) => `-m u32 ${not(mark)}--u32 ${free(text)}`],
  [
    /rpfilter((?: (?:loose|validmark|accept-local|invert))*)(?= |$)/y,
    ([, options = '']) => `-m rpfilter ${dashed(options, /^./)}`,
  ],
  [/socket((?: --\S+)*)(?= |$)/y, ([, options]) => `-m socket ${options}`],
  [
    /#conn (src|dst)\/(\d+) (<=|>) (\d+)/y,
    ([, side, mask, operator, most]) =>
      `-m connlimit --connlimit-${operator === '>' ? 'above' : 'upto'} ${most} --connlimit-mask ${mask} --connlimit-${side === 'src' ? 's' : 'd'}addr`,
  ],
  [
    /(! )?connbytes (\S+) connbytes mode (\S+) connbytes direction (\S+)/y,
    ([, mark, range, mode, direction]) =>
      `-m connbytes ${not(mark)}--connbytes ${range} --connbytes-mode ${mode} --connbytes-dir ${direction}`,
  ],
  [
    /connlabel (! )?'?(\S+?)'?( set)?(?= |$)/y,
    ([, mark, name, set]) => `-m connlabel ${not(mark)}--label ${free(name)}${set ? ' --set' : ''}`,
  ],
  [/esp(?: spis?:(!)?(\d+(?::\d+)?))?(?= |$)/y, ([, mark, value]) => spi('esp', 'espspi', value, mark)],
  [
    /comp(?: spis?:(!)?(\d+(?::\d+)?))?( reserved)?(?= |$)/y,
    ([, mark, value, reserved]) => spi('ipcomp', 'ipcompspi', value, mark, reserved ? ' --compres' : ''),
  ],
  [
    /ah(?: spis?:(!)?(\d+(?::\d+)?))?(?: ?length:(!)?(\d+))?( reserved)?(?= |$)/y,
    ([, mark, value, notLength, length, reserved]) =>
      spi(
        'ah',
        'ahspi',
        value,
        mark,
        `${length === undefined ? '' : ` ${not(notLength)}--ahlen ${length}`}${reserved ? ' --ahres' : ''}`,
      ),
  ],
  [/eui64(?= |$)/y, () => '-m eui64'],
  [/mh(?: (!)?(\d+(?::\d+)?))?(?= |$)/y, ([, mark, type]) => spi('mh', 'mh-type', type, mark)],
  // as far as these go is known, though not all that they say
  [
    /TIME(?: from \S+ to \S+| on \S+| starting from \S+ \S+| until date \S+ \S+| UTC| contiguous)*(?= |$)/y,
    () => UNREAD,
  ],
  // an inverted one is printed alike
  [/quota: \d+ bytes/y, () => UNREAD],
  [/ECN match(?: !?(?:ECE|CWR|ECT=\d))*/y, () => UNREAD],
  [/OS fingerprint match (?:! ?)?\S+/y, () => UNREAD],
  [/cluster !?node_mask=\S+ total_nodes=\S+ hash_seed=\S+/y, () => UNREAD],
]

const IPSEC: Readonly<Record<string, string>> = { '50': 'esp', '51': 'ah', '108': 'ipcomp' }

function icmp(name: string, mark: string | undefined, type: string): string {
  if (name === 'ipv6-icmp') return `-m icmp6 ${not(mark)}--icmpv6-type ${type}`
  return `-m icmp ${not(mark)}--icmp-type ${type === '255' ? 'any' : type}`
}
