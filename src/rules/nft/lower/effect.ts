import type { Statement } from '../../../model/statement.ts'

/** Does anything else hang on it? */
export const hasEffect = ({ kind }: Statement): boolean => kind !== 'note'
