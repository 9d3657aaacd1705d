/**
 * Rows of ulogd2 that somebody made short with jq: `time:… source_ip:… dest_port52000 prefix:TRACE: … mark:0 OPT (…)`. The
 * names are as their author chose them, and a colon may be missing; what stands in OPT is no TCP option but made of the
 * row's own fields, the IP ID first.
 */

/** Names that people use → ulogd2's. */
const NAMES: Readonly<Record<string, string>> = {
  time: 'timestamp',
  timestamp: 'timestamp',
  dvc: 'dvc',
  host: 'dvc',
  source_ip: 'src_ip',
  src_ip: 'src_ip',
  src: 'src_ip',
  dest_ip: 'dest_ip',
  dst_ip: 'dest_ip',
  dst: 'dest_ip',
  source_port: 'src_port',
  src_port: 'src_port',
  sport: 'src_port',
  dest_port: 'dest_port',
  dst_port: 'dest_port',
  dport: 'dest_port',
  prefix: 'oob.prefix',
  mark: 'oob.mark',
  in: 'oob.in',
  out: 'oob.out',
  protocol: 'ip.protocol',
  ttl: 'ip.ttl',
  ip_id: 'ip.id',
  id: 'ip.id',
  seq: 'tcp.seq',
}
const NAME = new RegExp(
  `(?:^|[\\s"])(${Object.keys(NAMES)
    .sort((a, b) => b.length - a.length)
    .join('|')})(?::|=|(?=\\d))`,
  'g',
)
const OPT = /\sOPT \((\d*)/

/** A row is no longer. */
const MOST = 4096

/** Says of each field its name and value; false where the line is no such row. */
export function readFlattened(line: string, take: (name: string, value: string) => void): boolean {
  if (line.length > MOST || !/(?:^|[\s"])prefix[:=]/.test(line)) return false
  const text = line.replace(/^"|",?$/g, '')
  const options = OPT.exec(text)
  const found = [...text.matchAll(NAME)]
  const source = new Map<string, string>()
  for (const [i, match] of found.entries()) {
    const from = match.index + match[0].length
    const to = found[i + 1]?.index ?? text.length
    const end = options && options.index >= from && options.index < to ? options.index : to
    const value = text.slice(from, end)
    const name = NAMES[match[1]!]!
    const known = name === 'oob.prefix' ? value.trimStart() : value.trim()
    source.set(name, known)
    take(name, known)
  }
  // the ID's digits, and then the source address' own
  const address = source.get('src_ip')
  if (options && address && !source.has('ip.id')) {
    const behind = text.slice(options.index + options[0].length - options[1]!.length)
    const digits = behind.indexOf(address)
    if (digits > 0 && digits <= 5) take('ip.id', behind.slice(0, digits))
  }
  return source.has('oob.prefix')
}
