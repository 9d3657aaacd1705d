/** A host that a stranger's rules could stand on: the interfaces, networks and addresses that they speak of. */
import type { Random } from '../../kernel/generate/random.ts'

export interface Net {
  device: string
  /** Network order as a number, and bits. */
  base: number
  bits: number
}

export interface MadeHost {
  devices: string[]
  wan: string
  nets: Net[]
  /** Of the host itself, a device's first. */
  own: Map<string, string[]>
  files: Record<string, string>
}

export const toNumber = (ip: string): number => ip.split('.').reduce((sum, one) => sum * 256 + Number(one), 0)
export const toIp = (n: number): string => [24, 16, 8, 0].map((shift) => (n >>> shift) & 255).join('.')
const maskOf = (bits: number) => (bits === 0 ? 0 : (~0 << (32 - bits)) >>> 0)
export const isIn = (ip: number, { base, bits }: Net): boolean => (ip & maskOf(bits)) >>> 0 === base
const isPrivate = (ip: number) => /^(10|192\.168|172\.(1[6-9]|2\d|3[01]))\./.test(toIp(ip))

const DEVICE = /(?:(?<!! )-[io]|[io]if(?:name)?) "?([\w.-]+)"?(?=\s|$)/g
const LISTED = /[io]ifname (?:!= )?\{([^}]*)\}/g
const OUTWARDS = /^(wan|ppp|wlan|eth|en|bond|inet|ext|igb|em)/

export function makeHost(rules: string, random: Random): MadeHost {
  const named = [
    ...[...rules.matchAll(DEVICE)].map(([, name]) => name!),
    ...[...rules.matchAll(LISTED)].flatMap(([, list]) => list!.split(',').map((one) => one.trim().replace(/"/g, ''))),
  ].filter((name) => name !== 'lo' && !name.startsWith('!') && name.length < 16 && !/[*+]/.test(name))
  const devices = [...new Set(named)].slice(0, 8)
  for (const other of ['eth0', 'eth1']) if (devices.length < 2 && !devices.includes(other)) devices.push(other)
  const masked = /-o (\S+) -j MASQUERADE|oifname "?([\w.-]+)"?.* masquerade/.exec(rules)
  const wan =
    devices.find((one) => one === (masked?.[1] ?? masked?.[2])) ??
    devices.find((one) => OUTWARDS.test(one)) ??
    devices[0]!
  const inside = devices.filter((one) => one !== wan)
  const nets: Net[] = []
  for (const line of rules.split('\n'))
    for (const [, ip, length] of line.matchAll(/\b(\d+\.\d+\.\d+\.\d+)\/(\d+)\b/g)) {
      const bits = Number(length)
      const base = (toNumber(ip!) & maskOf(bits)) >>> 0
      if (bits < 9 || bits > 29 || !isPrivate(base) || nets.length >= 8) continue
      if (nets.some((net) => isIn(base, net) || isIn(net.base, { device: '', base, bits }))) continue
      const device = /(?:-[io]|[io]ifname) "?([\w.-]+)"?/.exec(line)?.[1]
      nets.push({ base, bits, device: device && inside.includes(device) ? device : random.pick(inside) })
    }
  const first = (device: string, i: number): Net => ({
    device,
    base: toNumber(device === wan ? '198.51.100.0' : `192.168.${200 + i}.0`),
    bits: 24,
  })
  for (const [i, device] of devices.entries())
    if (!nets.some((net) => net.device === device)) nets.push(first(device, i))
  for (const [ip] of rules.matchAll(/(?<=--to-destination |dnat (?:ip )?to )\d+\.\d+\.\d+\.\d+/g)) {
    const base = (toNumber(ip) & maskOf(24)) >>> 0
    if (!nets.some((net) => isIn(toNumber(ip), net))) nets.push({ device: random.pick(inside), base, bits: 24 })
  }
  const own = new Map(devices.map((device): [string, string[]] => [device, []]))
  const asked = new Set(
    [...rules.matchAll(/(?:-d|-s|[sd]addr) (\d+\.\d+\.\d+\.\d+)(?:\/32)?(?=\s|$)/g)].map(([, ip]) => toNumber(ip!)),
  )
  for (const { device, base, bits } of nets) {
    let n = 1
    while (asked.has(base + n) && n < 4) n++
    own.get(device)!.push(`${toIp(base + n)}/${bits}`)
  }
  // public addresses that rules of nat or INPUT ask for are most likely its own
  for (const [, ip] of rules.matchAll(/-A (?:PREROUTING|INPUT) .*?(?<!! )-d (\d+\.\d+\.\d+\.\d+)\/32/g))
    if (!isPrivate(toNumber(ip!)) && !/^(127|22[4-9]|2[345]\d|169\.254)\./.test(ip!)) own.get(wan)!.push(`${ip}/32`)
  const gateway = nets.find(({ device }) => device === wan)!
  const lines = devices.flatMap((device, i) => [
    `${i + 2}: ${device}: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default qlen 1000`,
    `    link/ether 02:00:00:00:00:${(i + 16).toString(16)} brd ff:ff:ff:ff:ff:ff`,
    ...[...new Set(own.get(device)!)].flatMap((address) => [
      `    inet ${address} scope global ${device}`,
      '       valid_lft forever preferred_lft forever',
    ]),
  ])
  const loopback = [
    '1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN group default qlen 1000',
    '    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00',
    '    inet 127.0.0.1/8 scope host lo',
    '       valid_lft forever preferred_lft forever',
  ]
  const ownOf = ({ base, bits, device }: Net) =>
    own
      .get(device)!
      .find((one) => one.endsWith(`/${bits}`) && isIn(toNumber(one.split('/')[0]!), { device, base, bits }))
  const routes = [
    `default via ${toIp(gateway.base + 254)} dev ${wan}`,
    ...nets.map(
      (net) =>
        `${toIp(net.base)}/${net.bits} dev ${net.device} proto kernel scope link src ${ownOf(net)!.split('/')[0]}`,
    ),
  ]
  return {
    ...{ devices, wan, nets, own },
    files: {
      'ip-addr.txt': `${[...loopback, ...lines].join('\n')}\n`,
      'ip-route.txt': `${routes.join('\n')}\n`,
      'sysctl.txt': [
        'net.ipv4.ip_forward = 1',
        ...['all', 'default', ...devices].map((name) => `net.ipv4.conf.${name}.rp_filter = 0`),
      ].join('\n'),
    },
  }
}
