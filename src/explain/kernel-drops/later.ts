/** What knows the kernel's drops, which is fetched once there are any. */
import { Later } from '../../model/later.ts'
import { loadReasons } from './meaning.ts'

/** Which drop is of which packet. */
export const drops = new Later(() => import('./find.ts'))

/** Has to be done before a journey is explained with the kernel's drops. */
export const loadDrops = async (): Promise<void> => {
  await Promise.all([loadReasons(), drops.load()])
}
