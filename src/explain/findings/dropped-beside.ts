import { deviceChainsAt } from '../../journey/base-chains.ts'
import type { Detector } from '../context.ts'
import { nftOnly } from '../nft-only/later.ts'

/** Behind IP's last chain the packet traverses those of a bridge, and of the device that it leaves by, which no trace of IP shows. */
export const droppedBeside: Detector = {
  code: 'dropped-beside',
  detect(context) {
    const { world } = context
    const isThere = deviceChainsAt(world, 'egress').length > 0 || world.tables.some(({ family }) => family === 'bridge')
    return isThere ? nftOnly.loaded.droppedInLinkChains(context) : []
  },
}
