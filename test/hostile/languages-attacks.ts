/** Texts that grow: small ones of which a careless reader makes much, and long ones that it goes through again and again. */

export interface LanguageAttack {
  name: string
  /** What reads it (languages.ts). */
  as: 'script' | 'nft' | 'nft-json' | 'command' | 'iptables-save' | 'filter' | 'packet'
  /** A text of about so many bytes. */
  make(size: number): string
  /** Bytes of the longest. */
  most?: number
  /** It is not linear: how many times the time it takes for twice the text, as measured. A budget of steps bounds it. */
  bounded?: number
}

const K = 1024

/** As often as it takes to fill `size` bytes. */
const often = (text: string, size: number): string => text.repeat(Math.max(1, Math.floor(size / text.length)))

const repeated =
  (unit: string, before = '', behind = '') =>
  (size: number) =>
    before + often(unit, size) + behind

/** `begin` again and again, then `middle`, then `end` as often. */
const nested =
  (begin: string, middle: string, end: string, before = '', behind = '') =>
  (size: number) => {
    const times = Math.max(1, Math.floor(size / (begin.length + end.length)))
    return before + begin.repeat(times) + middle + end.repeat(times) + behind
  }

/** `line` with its number in place of `#`. */
const numbered =
  (line: string, joint = '\n', before = '', behind = '') =>
  (size: number) => {
    const times = Math.max(1, Math.floor(size / (line.length + joint.length + 2)))
    const lines = Array.from({ length: times }, (_, i) => line.replaceAll('#', String(i)).replaceAll('IP', address(i)))
    return before + lines.join(joint) + behind
  }

const address = (i: number): string => `10.${(i >> 16) & 255}.${(i >> 8) & 255}.${(i & 255) + 1}`

const CHAIN = 'table inet t {\nchain c {\ntype filter hook input priority 0;\n'
const AROUND = [CHAIN, '\n}\n}\n'] as const
const MARK = [`${CHAIN}meta mark set meta mark `, ' accept\n}\n}\n'] as const

const NFT: LanguageAttack[] = [
  ...['|', '&', '^', '<<', '>>', 'or', 'xor'].map(
    (sign): LanguageAttack => ({ name: `1 ${sign} 1 ${sign} …`, as: 'nft', make: repeated(`${sign} 1 `, ...MARK) }),
  ),
  { name: 'shifts to and fro', as: 'nft', make: repeated('<< 1 >> 1 ', ...MARK) },
  { name: 'operators of all kinds', as: 'nft', make: repeated('| 1 & 2 ^ 3 << 4 ', ...MARK) },
  { name: 'brackets in brackets', as: 'nft', make: nested('(1 | ', '1', ')', `${CHAIN}meta mark `, AROUND[1]) },
  { name: 'sets in sets', as: 'nft', make: nested('{', '1.1.1.1', '}', `${CHAIN}ip saddr `, AROUND[1]) },
  {
    name: 'maps in maps',
    as: 'nft',
    make: nested('ip saddr map { 1.1.1.1 : ', '1', '}', `${CHAIN}meta mark set `, AROUND[1]),
  },
  { name: 'chains in chains', as: 'nft', make: nested('jump { ', 'accept', ' }', ...AROUND) },
  { name: 'hashes of hashes', as: 'nft', make: repeated('jhash ', ...MARK) },
  { name: 'concatenations', as: 'nft', make: repeated(' . ip daddr', `${CHAIN}ip saddr`, ` 1 ${AROUND[1]}`) },
  {
    name: 'elements',
    as: 'nft',
    make: numbered('IP', ', ', 'table t { set s { type ipv4_addr; elements = { ', ' } } }'),
  },
  { name: 'intervals', as: 'nft', make: numbered('IP-10.255.255.255', ', ', `${CHAIN}ip saddr { `, ` } ${AROUND[1]}`) },
  { name: 'flags', as: 'nft', make: repeated('new,', `${CHAIN}ct state `, `new ${AROUND[1]}`) },
  {
    name: 'variables of variables, twice',
    as: 'nft',
    make: variables('{ $v#, $v# }', '{ 1.1.1.1, 1.1.1.2 }'),
    most: 8 * K,
  },
  { name: 'variables in brackets', as: 'nft', make: variables('($v# & 1) | 3', '1') },
  { name: 'variables in a chain', as: 'nft', make: variables('$v# | 1', '1') },
  {
    name: 'many bits of a header',
    as: 'nft',
    make: (size) => `${CHAIN}@nh,0,${size}000 0x1fffffffffffffff1 drop${AROUND[1]}${' '.repeat(size)}`,
  },
  { name: 'junk', as: 'nft', make: repeated('foo bar\n', ...AROUND) },
  { name: 'open brackets', as: 'nft', make: repeated('ip saddr { 1.1.1.1\n', ...AROUND) },
]

function variables(more: string, first: string): (size: number) => string {
  return (size) => {
    const times = Math.max(1, Math.floor(size / (more.length + 14)))
    const lines = Array.from({ length: times }, (_, i) => `define v${i + 1} = ${more.replaceAll('#', String(i))}`)
    const rule = `table ip t { chain c { type filter hook input priority 0; meta mark set $v${times} accept; } }`
    return `define v0 = ${first}\n${lines.join('\n')}\n${rule}\n`
  }
}

const RULE = '{"nftables":[{"table":{"family":"ip","name":"t"}},{"rule":{"family":"ip","table":"t","chain":"c","expr":['
const VALUE = `${RULE}{"mangle":{"key":{"meta":{"key":"mark"}},"value":`

const NFT_JSON: LanguageAttack[] = [
  { name: 'lists in lists', as: 'nft-json', make: nested('[', '', ']', RULE, ']}}]}') },
  { name: 'operators in operators', as: 'nft-json', make: nested('{"|":[', '1', ',1]}', VALUE, '}}]}}]}') },
  {
    name: 'matches in matches',
    as: 'nft-json',
    make: nested('{"match":{"op":"==","left":', '1', ',"right":1}}', RULE, ']}}]}'),
  },
  {
    name: 'entries on one line',
    as: 'nft-json',
    make: numbered('{"table":{"family":"ip","name":"t#"}}', ',', '{"nftables":[', ']}'),
  },
  { name: 'operands', as: 'nft-json', make: repeated('1,', `${VALUE}{"|":[{"meta":{"key":"mark"}},`, '1]}}}]}}]}') },
]

const FOR = 'for i in 1 2 3 4 5 6 7 8 9 0; do '
const BEFORE = '#!/bin/sh\niptables -A INPUT -j ACCEPT\n'

const RULE_OF = 'INPUT -s IP -j DROP'
const TABLE = 'nft add table t; nft add chain t c; nft add set t s { type ipv4_addr\\; }; nft add rule t c accept'

/** Edits one by one: what they are called, what stands in front, and the lines, all of the first before the second. */
const EDITED: readonly (readonly [string, string, ...string[]])[] = [
  ['rules inserted in front', '', `iptables -I ${RULE_OF}`],
  ['rules deleted', '', `iptables -A ${RULE_OF}`, `iptables -D ${RULE_OF}`],
  ['rules deleted by their number', '', `iptables -A ${RULE_OF}`, 'iptables -D INPUT 1'],
  ['rules replaced', '', `iptables -A ${RULE_OF}`, 'iptables -R INPUT 1 -j DROP'],
  ['jumps, each to a chain of its own', '', 'iptables -N c#; iptables -A INPUT -j c#'],
  ['jumps to one chain', 'iptables -N c', 'iptables -A INPUT -s IP -j c'],
  ['rejections', 'iptables -N c; iptables -A INPUT -j c', 'iptables -A c -s IP -j REJECT'],
  ['chains made and deleted', '', 'iptables -N c#; iptables -X c#'],
  ['nft: chains', TABLE, 'nft add chain t c#'],
  ['nft: chains deleted', TABLE, 'nft add chain t c#', 'nft delete chain t c#'],
  ['nft: rules inserted', TABLE, 'nft insert rule t c ip saddr IP drop'],
  ['nft: rules added behind the first', TABLE, 'nft add rule t c index 0 ip saddr IP drop'],
  ['nft: elements', TABLE, 'nft add element t s { IP }', 'nft delete element t s { IP }'],
  ['elements of an ipset', 'ipset create s hash:ip', 'ipset add s IP', 'ipset del s IP'],
  ['routes', '', 'ip route add IP dev eth0', 'ip route del IP dev eth0'],
]

const BOUNDED: readonly (readonly [number, string, string, ...string[]])[] = [
  [3.3, 'chains renamed', '', 'iptables -N c#', 'iptables -E c# d#'],
  [2.7, 'chains deleted', '', 'iptables -N c#', 'iptables -X c#'],
  [3.5, 'counters set to zero', '', 'iptables -A INPUT -j DROP; iptables -Z'],
  [2.9, 'targets that are not there', '', 'iptables -N chain#', 'iptables -A INPUT -j chaim#'],
  [2.6, 'nft: tables', '', 'nft add table t#'],
  [3.1, 'nft: tables flushed', '', 'nft add table t#; nft flush table t#'],
  [2.9, 'nft: sets', TABLE, 'nft add set t s# { type ipv4_addr\\; }'],
  [3.5, 'nft: counters', TABLE, 'nft add counter t k#'],
  [3.6, 'nft: chains renamed', TABLE, 'nft add chain t c#', 'nft rename chain t c# d#'],
  [2.8, 'ipsets', '', 'ipset create s# hash:ip'],
  [2.8, 'ipsets renamed', '', 'ipset create s# hash:ip; ipset rename s# t#'],
  [3.6, 'ipsets that rules ask for', '', 'ipset create s# hash:ip', 'iptables -A INPUT -m set --match-set s# src'],
  [3.3, 'routing rules', '', 'ip rule add from IP lookup #'],
]

const SCRIPTS: LanguageAttack[] = [
  ...[
    '${A:-',
    '$(',
    '"$(',
    '"${A:-',
    '`',
    '"',
    'a" ',
    '{ ',
    '( ',
    'if ',
    'if :; then ',
    'f() ',
    'function f ',
    '! ',
    'case x in ',
    ': | { ',
    'while :; do ',
  ].map((unit): LanguageAttack => ({ name: `${unit} again and again`, as: 'script', make: repeated(unit, BEFORE) })),
  { name: 'defaults in defaults', as: 'script', make: nested('${A:-', 'x', '}', `${BEFORE}X=`) },
  { name: '$(…) closed', as: 'script', make: nested('$(', 'x', ')', `${BEFORE}: `) },
  { name: 'values that double', as: 'script', make: repeated('A="$A$A"\n', 'A=x\n'), most: 16 * K },
  { name: 'values that double, added', as: 'script', make: repeated('A+=$A\n', 'A=x\n'), most: 16 * K },
  {
    name: 'words that double',
    as: 'script',
    make: repeated('A="$A $A"\n', 'A="x y"\n', 'for i in $A; do iptables -F; done\n'),
    most: 16 * K,
  },
  {
    name: 'arguments that double',
    as: 'script',
    make: numbered('f#() { A="$A$A"; g "$@" "$@"; }; f# a', '\n', 'A=x\ng() { :; }\n'),
    most: 16 * K,
  },
  // a few kilobytes are enough: each round is ten times the one before
  ...[
    'iptables -A INPUT -p tcp --dport 80 -j DROP; ',
    ': ; ',
    'case x in y) :;; esac; ',
    'frobnicate; ',
    'A=$A$A; ',
    '[ a = b ]; ',
  ].map(
    (body): LanguageAttack => ({
      name: `loops in loops: ${body}`,
      as: 'script',
      make: nested(FOR, body, 'done; '),
      most: 8 * K,
    }),
  ),
  {
    name: 'here-documents in loops',
    as: 'script',
    make: nested(FOR, 'iptables-restore -n <<E\n*filter\n-A INPUT -j DROP\nE\n', 'done\n'),
    most: 8 * K,
  },
  { name: 'functions that call the next one four times', as: 'script', make: functions, most: 2 * K },
  { name: 'pipes', as: 'script', make: repeated('{ :; } | ', BEFORE, ':') },
  { name: '[ … -o … ]', as: 'script', make: repeated('-o a ', '[ a ', ']') },
  { name: '[ ! ! … ]', as: 'script', make: repeated('! ', '[ ', 'a ]') },
  {
    name: 'stars',
    as: 'script',
    make: (size) => `case ${'a'.repeat(size)} in ${often('*a', size)}b) :;; esac`,
    most: 64 * K,
  },
  { name: 'brackets in a pattern', as: 'script', make: repeated('[a', 'case x in ', ') :;; esac') },
  { name: 'commas in a brace', as: 'script', make: repeated(',', ': {') },
  { name: 'digits', as: 'script', make: repeated('1', ': ') },
  { name: 'here-documents on a line', as: 'script', make: repeated('<<A ', 'cat ') },
  {
    name: 'a long here-document',
    as: 'script',
    make: repeated('-A INPUT -j DROP\n', 'iptables-restore <<E\n*filter\n', 'E\n'),
    most: 256 * K,
  },
  { name: 'subshells and variables', as: 'script', make: numbered('V#=1; ( : )') },
  {
    name: '-s A,B,… -d A,B,…',
    as: 'script',
    make: (size) => `iptables -A INPUT -s ${addresses(size / 2)} -d ${addresses(size / 2)}`,
  },
  { name: 'shift', as: 'script', make: (size) => `f() { ${often('shift; ', size / 2)} }\nf ${often('a ', size / 2)}` },
  ...EDITED.map(
    ([name, first, ...lines]): LanguageAttack => ({
      name,
      as: 'script',
      make: (size) => [first, ...lines.map((line) => numbered(line)(size / lines.length))].join('\n'),
      most: 64 * K,
    }),
  ),
  ...BOUNDED.map(
    ([bounded, name, first, ...lines]): LanguageAttack => ({
      name,
      as: 'script',
      make: (size) => [first, ...lines.map((line) => numbered(line)(size / lines.length))].join('\n'),
      most: 64 * K,
      bounded,
    }),
  ),
  {
    name: 'chains that lead on',
    as: 'script',
    make: numbered('iptables -N c#; iptables -A c# -m comment --comment c#'),
    most: 128 * K,
  },
  {
    name: 'networks in an ipset',
    as: 'script',
    make: repeated('ipset add s 10.0.0.0/13 -exist\n', 'ipset create s hash:ip maxelem 100000000\n'),
    most: 8 * K,
  },
  {
    name: 'networks and ports in an ipset',
    as: 'script',
    make: numbered('ipset add s 10.0.#.0/28,tcp:1-65535', '\n', 'ipset create s hash:ip,port maxelem 100000000\n'),
    most: 8 * K,
  },
]

const addresses = (size: number): string => numbered('IP', ',')(size)

function functions(size: number): string {
  const times = Math.max(1, Math.floor(size / 28))
  const lines = Array.from({ length: times }, (_, i) => `f${i + 1}() { f${i}; f${i}; f${i}; f${i}; }`)
  return `f0() { :; }\n${lines.join('\n')}\nf${times}\n`
}

const SAVE = ['*filter\n:INPUT ACCEPT [0:0]\n-A INPUT ', '\n-A INPUT -j DROP\nCOMMIT\n'] as const

/** As a line of iptables-save and as a command. */
const RULES: LanguageAttack[] = (
  [
    ['a hex string', '61 ', '-m string --algo bm --hex-string "|', '|"'],
    ['matches', '-m mark --mark 1 ', '', ''],
    ['policy', '--pol ipsec --next ', '-m policy --dir in ', ''],
    ['exclamation marks', '! ', '', ''],
    ['words', 'foo ', '', ''],
    ['options', '--foo bar ', '', ''],
    ['a long option', 'x', '--', ''],
    ['a long protocol', 'x', '-p ', ''],
    ['a long comment', 'x', '-m comment --comment "', '"'],
    ['ports', '80,', '-p tcp -m multiport --dports ', '80'],
    ['u32', '>>22&0x3C@0', '-m u32 --u32 "0', '=1"'],
    ['bpf', '48 0 0 9,', '-m bpf --bytecode "9,', '6 0 0 0"'],
    ['addresses', '10.0.0.1,', '-s ', '10.0.0.2'],
  ] as const
).flatMap(([name, unit, before, behind]): LanguageAttack[] => [
  { name, as: 'iptables-save', make: repeated(unit, SAVE[0] + before, behind + SAVE[1]), most: 256 * K },
  { name, as: 'command', make: repeated(unit, `iptables -A INPUT ${before}`, behind), most: 256 * K },
])

const COMMANDS: LanguageAttack[] = [
  { name: 'a long word', as: 'command', make: repeated('x') },
  { name: 'next hops', as: 'command', make: repeated('nexthop via 10.0.0.1 ', 'ip route add 10.0.0.0/8 ') },
  { name: 'elements of an ipset', as: 'command', make: numbered('ipset add s IP', '; ') },
  { name: 'settings', as: 'script', make: numbered('sysctl -w net.ipv4.conf.e#.rp_filter=1'), most: 128 * K },
]

const FILTERS: LanguageAttack[] = ['not ', '(', 'port 80 or port 81 and ', 'a', 'src ', 'host 10.0.0.1 or ', 'a['].map(
  (unit) => ({ name: `${unit} again and again`, as: 'filter', make: repeated(unit, '', 'port 80') }),
)

const PACKETS: LanguageAttack[] = ['syn ', 'in eth0 ', '>', '1.', 'tcp [', 'a', ', '].map((unit) => ({
  name: `${unit} again and again`,
  as: 'packet',
  make: repeated(unit, 'tcp 10.0.0.1:1 > 10.0.0.2:2 '),
}))

export const LANGUAGE_ATTACKS: readonly LanguageAttack[] = [
  ...NFT,
  ...NFT_JSON,
  ...SCRIPTS,
  ...RULES,
  ...COMMANDS,
  ...FILTERS,
  ...PACKETS,
]
