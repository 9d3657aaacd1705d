/**
 * /proc/kallsyms: which function of the kernel an address is in. Who may not know addresses reads zeros there, or may not
 * open it: systemd's ProtectKernelTunables= hides it.
 */
import { readFileSync } from 'node:fs'

/** Kernel addresses are the top of 64 bits; above this one they are exact numbers. */
const BASE = 0xffff_0000_0000_0000n

export class Symbols {
  private readonly addresses: Float64Array
  private readonly names: readonly string[]

  /** This kernel's; none where they are kept secret. */
  static ofKernel(): Symbols {
    try {
      return new Symbols(readFileSync('/proc/kallsyms', 'latin1'))
    } catch {
      return new Symbols('')
    }
  }

  constructor(kallsyms: string) {
    const found: { address: number; name: string }[] = []
    for (const [, address, name] of kallsyms.matchAll(/^([0-9a-f]{16}) [tTwW] (\S+)/gm))
      if (address! >= 'ffff') found.push({ address: Number(BigInt(`0x${address}`) - BASE), name: name! })
    found.sort((a, b) => a.address - b.address)
    this.addresses = Float64Array.from(found, ({ address }) => address)
    this.names = found.map(({ name }) => name)
  }

  /** `ip_forward+0x1b7`; undefined where addresses are kept secret. `address`: the lower 48 bits. */
  nameOf(address: number): string | undefined {
    let [low, high] = [0, this.addresses.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.addresses[middle]! <= address) low = middle + 1
      else high = middle
    }
    return low === 0 ? undefined : `${this.names[low - 1]}+0x${(address - this.addresses[low - 1]!).toString(16)}`
  }
}
