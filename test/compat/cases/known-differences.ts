import type { CompatCase } from '../case.ts';

/** Builds that show a difference which is meant, and one that is not there. */
export const cases: readonly CompatCase[] = [
  {
    name: 'a dollar in a pattern',
    dockerfile: "FROM scratch\nENV v='a$b.c$'\nLABEL one=${v//$/x} two=${v/%$/y} three=${v%$}",
  },
  { name: 'text before a substitution in EXPOSE', dockerfile: 'FROM scratch\nEXPOSE 8${none:-080} 9${none:-0}/udp' },
];
