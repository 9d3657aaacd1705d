/**
 * The store's tables, as one list: tables of a database, rows, docs/store.md and the names that other schemas have for
 * a column are made of it. A column that is renamed or removed, or means something else, is a new VERSION.
 */

export const VERSION = 1

/** `uuid` is 128 bits; `bigint` and `integer` are whole numbers. Everything that is not known is NULL. */
export type ColumnType = 'uuid' | 'text' | 'integer' | 'bigint'

export interface Column {
  name: string
  type: ColumnType
  /** In docs/store.md. */
  says: string
  /** In the Elastic Common Schema, the Open Cybersecurity Schema Framework and OpenTelemetry's semantic conventions. */
  ecs?: string
  ocsf?: string
  otel?: string
}

export type TableName = 'exchanges' | 'journeys' | 'steps' | 'findings' | 'drops' | 'rulesets'

export interface Table {
  name: TableName
  says: string
  /** Columns that tell a row from all others. */
  key: readonly string[]
  columns: readonly Column[]
}

type Names = Pick<Column, 'ecs' | 'ocsf' | 'otel'>

const column =
  (type: ColumnType) =>
  (name: string, says: string, names: Names = {}) => ({ name, type, says, ...names })
const uuid = column('uuid')
const text = column('text')
const integer = column('integer')
const bigint = column('bigint')

const host = text('host', 'The machine: as the capture names it, else as its state does. NULL: nothing names it.', {
  ecs: 'host.name',
  ocsf: 'device.hostname',
  otel: 'host.name',
})
const time = bigint('time', 'Microseconds since 1970. NULL: the capture gives no date with a year.', {
  ecs: '@timestamp',
  ocsf: 'time',
  otel: 'timeUnixNano',
})
const clock = text(
  'clock',
  'What `time` goes by: `utc`; `local`: the capture gives no offset, and it is taken for UTC; `boot`: only `uptime` is known; `none`.',
)
const stored = bigint('stored', 'When it was stored, microseconds since 1970. Of rows of one key the latest counts.', {
  ecs: 'event.ingested',
  ocsf: 'metadata.logged_time',
  otel: 'observedTimeUnixNano',
})
const boot = text('boot', "The kernel's boot_id (UUID), where the host's state tells it.")
const source = text('source', '`trace`: a capture shows it; `simulation`: the model played it.')
const family = text('family', '`ip` `ip6` `arp` `bridge` `netdev`.', { ecs: 'network.type', otel: 'network.type' })
const protocol = text('protocol', '`tcp` `udp` `icmp` …, or the number as text.', {
  ecs: 'network.transport',
  ocsf: 'connection_info.protocol_name',
  otel: 'network.transport',
})
const iifname = text('iifname', 'Input interface.', {
  ecs: 'observer.ingress.interface.name',
  ocsf: 'src_endpoint.interface_name',
  otel: 'network.interface.name',
})

const ends = (of: string, nat: '' | 'to_' = '') => {
  const [ecs, otel] = nat === '' ? ['', ''] : ['.nat', 'nfwhy.nat.']
  return [
    text(`${nat}src`, `Source address${of}, as text: IPv6 in the form of RFC 5952.`, {
      ecs: nat === '' ? 'source.ip' : 'source.nat.ip',
      ocsf: nat === '' ? 'src_endpoint.ip' : 'src_endpoint.intermediate_ips',
      otel: `${otel}source.address`,
    }),
    integer(`${nat}sport`, `Source port${of}.`, {
      ecs: `source${ecs}.port`,
      ...(nat === '' ? { ocsf: 'src_endpoint.port' } : {}),
      otel: `${otel}source.port`,
    }),
    text(`${nat}dst`, `Destination address${of}.`, {
      ecs: nat === '' ? 'destination.ip' : 'destination.nat.ip',
      ocsf: nat === '' ? 'dst_endpoint.ip' : 'dst_endpoint.intermediate_ips',
      otel: `${otel}destination.address`,
    }),
    integer(`${nat}dport`, `Destination port${of}.`, {
      ecs: `destination${ecs}.port`,
      ...(nat === '' ? { ocsf: 'dst_endpoint.port' } : {}),
      otel: `${otel}destination.port`,
    }),
  ]
}

const sorts = [
  text(
    'src_sort',
    'Source address as 32 hex digits, which sort as addresses do; IPv4 is `00000000000000000000ffff` and 8 digits.',
  ),
  text('dst_sort', 'The same of the destination address.'),
]

const ruleset = uuid('ruleset', 'The ruleset that was in force. NULL: none was given.', { ecs: 'rule.ruleset' })
const culprit = [
  uuid('culprit', 'The rule to look at: `rule` of `rulesets`.', { ecs: 'rule.uuid', ocsf: 'firewall_rule.uid' }),
  text(
    'culprit_ref',
    'The same as nfwhy names it: `filter INPUT rule 3`, `inet fw input handle 7`, `filter INPUT policy`.',
    {
      ecs: 'rule.name',
      ocsf: 'firewall_rule.name',
      otel: 'nfwhy.rule',
    },
  ),
  text('culprit_text', 'The same as the ruleset prints it.', {
    ecs: 'rule.description',
    ocsf: 'firewall_rule.condition',
    otel: 'nfwhy.rule.text',
  }),
  text('owner', 'Who wrote that rule, if known: `kube-proxy`, `docker` …', {
    ecs: 'rule.author',
    otel: 'nfwhy.rule.owner',
  }),
]
const cause = text('cause', 'From the outcome back to the rule that decided it, a line for each link.', {
  ecs: 'event.reason',
  ocsf: 'status_detail',
  otel: 'nfwhy.cause',
})
const basis = text('basis', '`observed` `inferred` `assumed`: what the outcome is known by.', { otel: 'nfwhy.basis' })
const rule = uuid('rule', 'The rule: a hash of its table, chain and text, the same in every ruleset.', {
  ecs: 'rule.uuid',
  ocsf: 'firewall_rule.uid',
})
const place = [
  text('table_name', 'The table.', { ocsf: 'firewall_rule.category', otel: 'nfwhy.rule.table' }),
  text('chain', 'The chain.', { otel: 'nfwhy.rule.chain' }),
]
const numbers = [
  integer('rule_number', "The rule's place in its chain, from 1, as TRACE counts.", { otel: 'nfwhy.rule.number' }),
  bigint('handle', "The rule's handle in nft.", { otel: 'nfwhy.rule.handle' }),
]

export const TABLES: readonly Table[] = [
  {
    name: 'exchanges',
    says: 'A request, and what came of it.',
    key: ['exchange'],
    columns: [
      uuid('exchange', 'Key: that of its first journey.', { ecs: 'event.id', ocsf: 'metadata.uid', otel: 'spanId' }),
      ...[host, boot, time, clock, source, family, protocol, iifname],
      ...ends(', as the sender sent it'),
      ...ends(' behind NAT, if that changed it', 'to_'),
      integer('icmp_type', 'ICMP or ICMPv6 type.', { ecs: 'icmp.type' }),
      integer('icmp_code', 'ICMP or ICMPv6 code.'),
      text(
        'status',
        '`answered` `refused` `unanswered` `reply-lost` `dropped` `rejected` `lost` `queued` `undetermined`.',
        {
          ecs: 'event.outcome',
          ocsf: 'status',
          otel: 'nfwhy.exchange.status',
        },
      ),
      basis,
      integer('requests', 'How many journeys are requests.'),
      integer('retransmissions', 'How many are requests that were sent again.'),
      integer('replies', 'How many are replies.'),
      integer('errors', 'How many are ICMP errors about them.'),
      ...culprit,
      cause,
      uuid(
        'same_as',
        'The journey that was explained in place of this exchange, as both are alike: cause and findings are its own.',
      ),
      stored,
    ],
  },
  {
    name: 'journeys',
    says: "One packet's way through netfilter.",
    key: ['journey'],
    columns: [
      uuid('journey', 'Key.', { ecs: 'event.id', ocsf: 'metadata.uid', otel: 'spanId' }),
      uuid('exchange', 'The exchange that it belongs to. NULL: unknown.', {
        ocsf: 'metadata.correlation_uid',
        otel: 'traceId',
      }),
      ...[host, boot, time],
      bigint('uptime', 'Microseconds since boot, where the capture gives those.'),
      bigint('duration', 'Microseconds to its last event.', { ecs: 'event.duration', ocsf: 'duration' }),
      ...[clock, source],
      text('trace_id', "nft's trace id, which is not unique."),
      ...[family, iifname],
      text('oifname', 'Output interface, as it first appeared.', {
        ecs: 'observer.egress.interface.name',
        ocsf: 'dst_endpoint.interface_name',
      }),
      protocol,
      ...ends(', as it first appeared'),
      ...sorts,
      text('src_mac', 'Source MAC address.', { ecs: 'source.mac', ocsf: 'src_endpoint.mac' }),
      text('dst_mac', 'Destination MAC address.', { ecs: 'destination.mac', ocsf: 'dst_endpoint.mac' }),
      integer('vlan', 'VLAN id.', { ecs: 'network.vlan.id', ocsf: 'src_endpoint.vlan_uid' }),
      text('tcp_flags', 'With commas; `none`: it has none.', { ocsf: 'connection_info.tcp_flags' }),
      bigint('tcp_seq', 'Sequence number.'),
      integer('icmp_type', 'ICMP or ICMPv6 type.', { ecs: 'icmp.type' }),
      integer('icmp_code', 'ICMP or ICMPv6 code.'),
      integer('icmp_id', 'Identifier of an echo request or reply.'),
      integer('icmp_seq', 'Sequence number of an echo request or reply.'),
      bigint('ip_id', 'IPv4 identification, or that of an IPv6 fragment.'),
      integer('ttl', 'Time to live, or hop limit.'),
      integer('length', 'Bytes of the whole IP packet.', { ecs: 'network.bytes', ocsf: 'traffic.bytes' }),
      bigint('mark', "The packet's mark.", { otel: 'nfwhy.mark' }),
      text('ct_state', "Connection tracking's state."),
      text(
        'outcome',
        '`delivered` `forwarded` `sent` `dropped` `rejected` `queued` `stolen` `vanished` `undetermined`.',
        {
          ecs: 'event.outcome',
          ocsf: 'disposition',
          otel: 'nfwhy.outcome',
        },
      ),
      ...[basis, ruleset, ...culprit, cause],
      uuid('path', 'The path that it took: `path` of `steps`.'),
      integer('steps', 'How many steps that has.'),
      stored,
    ],
  },
  {
    name: 'steps',
    says: 'A rule that matched, a policy, or a LOG line: a step of a path. Journeys that took the same path share its steps.',
    key: ['path', 'n'],
    columns: [
      uuid('path', 'The path: a hash of all its steps. `path` of `journeys`.', { otel: 'traceId' }),
      integer('n', 'Number of the step, from 1.', {
        ecs: 'event.sequence',
        ocsf: 'metadata.sequence',
        otel: 'nfwhy.step',
      }),
      text('hook', '`prerouting` `input` … NULL: unknown.', { otel: 'nfwhy.hook' }),
      text('family', "The packet's; in a trace of nft's the table's.", { otel: 'nfwhy.rule.family' }),
      ...[...place, ...numbers],
      text('kind', '`rule` `return` `policy` `log` `unknown`.'),
      ...[ruleset, rule],
      text('verdict', '`accept` `drop` `continue` `return` `jump X` `dnat` …', {
        ecs: 'event.action',
        ocsf: 'action',
        otel: 'nfwhy.verdict',
      }),
      integer('depth', '0 in a base chain, +1 for each jump.'),
      text('prefix', 'The prefix of a LOG line.'),
      text('known', '`observed` `carried` `simulated`: what shows it.'),
      text('changes', 'What the step gave the packet: `dst 10.0.0.7, dport 8080`.', { otel: 'nfwhy.changes' }),
      text(
        'iifname',
        "Input interface at this step, where it differs from the journey's. The same holds for the following columns.",
      ),
      text('oifname', 'Output interface.'),
      text('src', 'Source address.'),
      integer('sport', 'Source port.'),
      text('dst', 'Destination address.'),
      integer('dport', 'Destination port.'),
      bigint('mark', "The packet's mark."),
      stored,
    ],
  },
  {
    name: 'findings',
    says: 'Something that explains an outcome, or that is wrong.',
    key: ['about', 'subject', 'n'],
    columns: [
      text('about', '`exchange` or `journey`.'),
      uuid('subject', "The exchange's or journey's key.", { ecs: 'event.id', ocsf: 'metadata.correlation_uid' }),
      integer('n', 'Its place, from 1.'),
      ...[host, time],
      text('code', 'As docs/outcomes.md lists them.', {
        ecs: 'event.code',
        ocsf: 'finding_info.types',
        otel: 'nfwhy.finding.codes',
      }),
      text('severity', '`error` `warning` `note`.', { ecs: 'log.level', ocsf: 'severity', otel: 'severityText' }),
      text('message', 'One sentence.', { ecs: 'message', ocsf: 'finding_info.title', otel: 'nfwhy.finding.messages' }),
      ruleset,
      uuid('rule', 'The first rule that the finding is about.', { ecs: 'rule.uuid', ocsf: 'firewall_rule.uid' }),
      text('rule_ref', 'The same as nfwhy names it.', { ecs: 'rule.name', ocsf: 'firewall_rule.name' }),
      text('fix', 'What the best fix does.', { ocsf: 'remediation.desc' }),
      text('command', 'Its command.', { otel: 'nfwhy.fix.commands' }),
      text('undo', 'The command that takes it back.'),
      text('after', "The packet's outcome when the fix was tried."),
      stored,
    ],
  },
  {
    name: 'drops',
    says: 'What the kernel dropped in a minute, as `nfwhy watch` counted it: a row for each reason, tuple and rule. The sum of `packets` is all that was counted.',
    key: ['drop'],
    columns: [
      uuid('drop', 'Key: a hash of the watch, the minute, and the columns by which its rows differ.', {
        ecs: 'event.id',
        ocsf: 'metadata.uid',
      }),
      ...[host, boot],
      bigint('time', 'Start of the minute, microseconds since 1970.', {
        ecs: '@timestamp',
        ocsf: 'time',
        otel: 'timeUnixNano',
      }),
      bigint('packets', 'How many.', { ecs: 'network.packets', ocsf: 'traffic.packets' }),
      text('reason', "The kernel's word: `NETFILTER_DROP`, `NO_SOCKET` …", {
        ecs: 'event.reason',
        ocsf: 'status_detail',
        otel: 'nfwhy.drop.reason',
      }),
      text('function', "The kernel's function that dropped them.", { otel: 'nfwhy.drop.function' }),
      ...[family, protocol, iifname],
      text('oifname', 'Output interface, where it was known by then.', {
        ecs: 'observer.egress.interface.name',
        ocsf: 'dst_endpoint.interface_name',
      }),
      ...ends(', as it was when it was dropped; NULL: several, that were too many to be told apart'),
      integer('icmp_type', 'ICMP or ICMPv6 type.', { ecs: 'icmp.type' }),
      integer('icmp_code', 'ICMP or ICMPv6 code.'),
      text('hook', 'The hook of the rule.', { otel: 'nfwhy.hook' }),
      ruleset,
      ...culprit,
      stored,
    ],
  },
  {
    name: 'rulesets',
    says: 'A chain or a rule of a ruleset. A ruleset is stored once, whichever hosts have it; sets and their elements are not stored.',
    key: ['ruleset', 'rule'],
    columns: [
      uuid(
        'ruleset',
        'A hash of all chains and rules, without counters. All zero: the rules are known from captures alone.',
        {
          ecs: 'rule.ruleset',
        },
      ),
      rule,
      integer('n', 'Its place in the ruleset, from 1.'),
      text('kind', '`chain`, also for its policy, or `rule`.'),
      text('family', '`ip` `ip6` `inet` `arp` `bridge` `netdev`.', { otel: 'nfwhy.rule.family' }),
      ...place,
      text('hook', "A base chain's hook.", { otel: 'nfwhy.hook' }),
      integer('priority', "A base chain's priority."),
      text('policy', "A base chain's policy."),
      ...numbers,
      text('rule_text', 'As the ruleset prints it, without counters.', {
        ecs: 'rule.description',
        ocsf: 'firewall_rule.condition',
        otel: 'nfwhy.rule.text',
      }),
      text('comment', 'Its comment.'),
      stored,
    ],
  },
]

export const tableOf = (name: TableName): Table => TABLES.find((one) => one.name === name)!

/** In which order a batch's tables are written: a journey or exchange is there once all that belongs to it is. */
export const WRITTEN: readonly TableName[] = ['rulesets', 'steps', 'findings', 'drops', 'exchanges', 'journeys']
