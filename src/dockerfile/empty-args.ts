/** `: VERSION has no value`, the end of a message on a FROM that is not usable without; '' when all have one. */
export function noValue(names: readonly string[]): string {
  if (names.length === 0) return '';
  return `: ${names.join(' and ')} ${names.length === 1 ? 'has' : 'have'} no value`;
}

/** How to give these arguments of FROM their values. */
export function giveValue(names: readonly string[]): string {
  const [first = 'NAME'] = names;
  return `write ARG ${first}=… before the first FROM, or pass --build-arg ${first}=…`;
}
