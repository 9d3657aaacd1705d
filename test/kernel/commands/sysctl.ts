/** Random settings of the kernel, in all the ways people write them. */
import type { Random } from '../generate/random.ts'

export const SYSCTL_SETUP = [
  'ip link add v0 type veth peer name v1.5',
  'ip link set v0 up',
  'ip link set v1.5 up',
  'ip link set lo up',
]

const PLACES = ['all', 'default', 'lo', 'v0', 'v1.5']
const IPV4 = ['forwarding', 'rp_filter', 'accept_local', 'src_valid_mark', 'route_localnet', 'arp_ignore']
const IPV6 = ['forwarding', 'disable_ipv6', 'accept_ra']

export function randomSettings(random: Random, count: number): string[] {
  return Array.from({ length: count }, () => {
    const [path, value] = random.weighted<() => [string, string]>([
      [3, () => ['net/ipv4/ip_forward', digit(random)]],
      [6, () => [`net/ipv4/conf/${random.pick(PLACES)}/${random.pick(IPV4)}`, digit(random)]],
      [6, () => [`net/ipv6/conf/${random.pick(PLACES)}/${random.pick(IPV6)}`, digit(random)]],
      [1, () => ['net/ipv4/ip_local_port_range', '1024   0xffff']],
      [1, () => ['net/ipv4/ip_forwrad', '1']],
      [1, () => ['net/ipv4/ip_forward', 'yes']],
    ])()
    const dotted = path.replace(/[./]/g, (one) => (one === '.' ? '/' : '.'))
    return random.pick([
      `sysctl -w ${dotted}="${value}"`,
      `sysctl -qw ${path}='${value}'`,
      `sysctl ${dotted}=${value.replaceAll(' ', '\\ ')}`,
      `echo ${value} > /proc/sys/${path}`,
      `echo '${value}' | tee /proc/sys/${path}`,
    ])
  })
}

const digit = (random: Random): string => random.pick(['0', '1', '1', '2', '0x1', '01'])
