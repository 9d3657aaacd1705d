/** Connection tracking has seen a reply, and whether that went further hangs on what nobody can know. */
import { finding } from '../../../explain/context.ts'
import type { Finding } from '../../../model/journey.ts'
import type { Told } from '../join/joined.ts'

export const leftOpen = ({ condition, reason }: NonNullable<Told['openReply']>): Finding =>
  finding(
    'unknown-condition',
    'warning',
    `Connection tracking has seen a reply. Whether it arrived depends on "${condition}", which is unknown here: ${reason}.`,
  )
