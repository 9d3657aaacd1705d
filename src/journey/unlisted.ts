/** Tables that no listing shows, in their places among those that are known. */
import { memo } from '../model/memo.ts'
import type { Family } from '../model/packet.ts'
import type { World } from '../model/world.ts'

/** For what asks which chains may come; what a table does, only those know that are listed. */
export const withUnlisted = (world: World): World => (world.unlisted ? completed(world) : world)

const completed = memo((world: World): World => ({ ...world, tables: among(world.unlisted!)(world.tables) }))

type Tables = World['tables']

// the same list for the same tables, of which others remember what they found out
const among = memo((unlisted: readonly Tables[number][]) => memo((tables: Tables): Tables => [...tables, ...unlisted]))

/** Of iptables' tables: nft's trace says itself what they do. */
export const isUnlisted = ({ unlisted }: World, family: Family, name: string | undefined): boolean =>
  unlisted?.some((one) => one.family === family && one.name === name) ?? false
