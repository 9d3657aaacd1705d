import { defineMatch } from '../extension.ts'
import { quotedText } from '../values/text.ts'

/** `-m comment --comment TEXT`: holds for every packet; cut after 255 bytes (libxt_comment.c). */
export const comment = defineMatch({
  name: 'comment',
  options: { comment: quotedText(255, { required: true }) },
  conditions: () => [],
})
