/** What sysctls say of the host and its interfaces, read once for each machine. */
import type { Host } from '../model/host.ts'
import { type TcpSettings, tcpSettings } from '../rules/conntrack/tcp.ts'
import { sysctlName } from '../rules/interface-settings.ts'
import { kernelAtLeast } from '../rules/kernel.ts'

export interface DeviceSettings {
  /** 0: no, 1: strict, 2: loose. */
  rpFilter: number
  acceptLocal: boolean
  routeLocalnet: boolean
  srcValidMark: boolean
  /** What comes in there may be forwarded. */
  forwards: Record<'ip' | 'ip6', boolean>
}

export class Settings {
  readonly tcp: TcpSettings
  /** The kernel's version is known, and it is older than 5.7. */
  readonly isBefore57: boolean
  /** Somebody added to the three routing rules of IPv4 that the kernel itself makes. */
  readonly hasOwnRules: boolean
  /** Connection tracking does, of what comes in. */
  readonly verifiesChecksums: boolean
  private readonly host: Host
  private readonly devices = new Map<string, DeviceSettings>()

  constructor(host: Host) {
    this.host = host
    this.tcp = tcpSettings(host)
    this.verifiesChecksums = host.sysctls?.get('net.netfilter.nf_conntrack_checksum') !== '0'
    this.isBefore57 = kernelAtLeast(host.kernel, 5, 7) === false
    this.hasOwnRules = (host.routingRules ?? []).some(
      ({ family, priority }) => family === 'ip' && ![0, 32766, 32767].includes(priority),
    )
  }

  device(name: string): DeviceSettings {
    let settings = this.devices.get(name)
    if (!settings) {
      settings = readDevice(this.host, sysctlName(name))
      this.devices.set(name, settings)
    }
    return settings
  }
}

function readDevice({ sysctls }: Host, device: string): DeviceSettings {
  const value = (name: string) => sysctls?.get(name)
  const of = (whose: string, name: string) => Number(value(`net.ipv4.conf.${whose}.${name}`) ?? 0)
  // the larger of both counts
  const larger = (name: string) => Math.max(of('all', name), of(device, name))
  return {
    rpFilter: larger('rp_filter'),
    acceptLocal: larger('accept_local') > 0,
    routeLocalnet: larger('route_localnet') > 0,
    srcValidMark: larger('src_valid_mark') > 0,
    forwards: {
      ip: (value(`net.ipv4.conf.${device}.forwarding`) ?? value('net.ipv4.ip_forward')) !== '0',
      // IPv6 asks for the whole host, or for this interface by force
      ip6: value('net.ipv6.conf.all.forwarding') !== '0' || value(`net.ipv6.conf.${device}.force_forwarding`) === '1',
    },
  }
}
