import type { CompatCase } from '../case.ts';

const on = (text: string): string => `FROM busybox\n${text}\n`;
const APP =
  'RUN adduser -D -u 1500 app 2>/dev/null || echo "app:x:1500:1500::/home/app:/bin/sh" >> /etc/passwd; grep -q ^app: /etc/group || echo "app:x:1500:" >> /etc/group';

/** WORKDIR, USER and VOLUME. */
export const cases: readonly CompatCase[] = [
  { name: 'WORKDIR makes its folders', dockerfile: on('WORKDIR /a/b/c') },
  { name: 'WORKDIR of a folder that is there', dockerfile: on('RUN mkdir -m 700 /a && chown 5:6 /a\nWORKDIR /a') },
  { name: 'WORKDIR, relative ones', dockerfile: on('WORKDIR a\nWORKDIR b/../c\nWORKDIR ./d/\nRUN pwd > /pwd') },
  { name: 'WORKDIR twice the same', dockerfile: on('WORKDIR /a\nWORKDIR /a\nWORKDIR /a/') },
  {
    name: 'WORKDIR with variables',
    dockerfile: on('ENV base=/srv sub=x\nARG more=y\nWORKDIR $base/${sub}/$more\nWORKDIR "with space"\nRUN pwd > /pwd'),
  },
  { name: 'WORKDIR of nothing', dockerfile: on('WORKDIR /a/b/\nWORKDIR $none\nRUN pwd > /pwd\nWORKDIR ./') },
  { name: 'WORKDIR of the root', dockerfile: on('WORKDIR /a\nWORKDIR /\nRUN pwd > /pwd') },
  { name: 'WORKDIR in an empty image', dockerfile: 'FROM scratch\nWORKDIR /a/b\nCOPY f .', files: { f: 'f\n' } },
  {
    name: 'WORKDIR through a link',
    dockerfile: on('RUN mkdir /real && ln -s /real /l\nWORKDIR /l/sub\nRUN pwd > /pwd; touch here'),
  },
  { name: 'WORKDIR through a relative link', dockerfile: on('RUN mkdir -p /x/real && ln -s real /x/l\nWORKDIR /x/l') },
  { name: 'WORKDIR over a file', dockerfile: on('RUN touch /f\n\nWORKDIR /f'), expect: 'failure' },
  { name: 'WORKDIR of a user', dockerfile: on(`${APP}\nUSER app\nWORKDIR /home/app/made/here\nRUN id -u > /tmp/id`) },
  { name: 'WORKDIR of a user by number', dockerfile: on('USER 77:88\nWORKDIR /made') },
  {
    name: 'WORKDIR of a user with a group',
    dockerfile: on(`${APP}\nUSER app:www-data\nWORKDIR /made\nRUN id > /tmp/id`),
  },
  { name: 'WORKDIR of a user that is not there', dockerfile: on('USER ghost\nWORKDIR /made') },
  {
    name: 'WORKDIR without steps after it',
    dockerfile: 'FROM busybox AS a\nWORKDIR /only/config\nFROM a\nWORKDIR deeper\nCMD ["pwd"]',
  },
  { name: 'WORKDIR with no word', dockerfile: on('\nWORKDIR'), expect: 'failure' },
  {
    name: 'USER and what a step sees',
    dockerfile: on(`${APP}\nUSER app\nRUN id > /tmp/id; echo "$HOME" > /tmp/home; touch /tmp/t`),
  },
  { name: 'USER by numbers', dockerfile: on('USER 1000:1001\nRUN id > /tmp/id; echo "$HOME" > /tmp/home') },
  { name: 'USER by number, which has a name', dockerfile: on('USER 33\nRUN id > /tmp/id; echo "$HOME" > /tmp/home') },
  { name: 'USER with variables', dockerfile: on('ARG u=33\nENV g=33\nUSER ${u}:$g\nRUN id > /tmp/id') },
  {
    name: 'USER with groups of /etc/group',
    dockerfile: on(`${APP}\nRUN echo "extra:x:700:app" >> /etc/group\nUSER app\nRUN id > /tmp/id`),
  },
  { name: 'USER that is not there, and a step', dockerfile: on('USER ghost\n\nRUN true'), expect: 'failure' },
  { name: 'USER and HOME of ENV', dockerfile: on('ENV HOME=/elsewhere\nUSER 33\nRUN echo "$HOME" > /tmp/home') },
  { name: 'USER back to root', dockerfile: on('USER 33\nRUN touch /tmp/a\nUSER root\nRUN touch /b') },
  {
    name: 'USER of the base',
    dockerfile: 'FROM busybox AS base\nUSER 33\nWORKDIR /var/www\nFROM base\nRUN id > /tmp/id; pwd > /tmp/pwd',
  },
  {
    name: 'VOLUME in every form',
    dockerfile: on('VOLUME /a\nVOLUME /b /c\nVOLUME ["/d", "/e f"]\nENV v=/g\nVOLUME $v/h'),
  },
  {
    name: 'VOLUME and steps after it',
    dockerfile: on('RUN mkdir /data\nVOLUME /data\nRUN echo kept > /data/f\nCOPY f /data/g'),
    files: { f: 'f\n' },
  },
  { name: 'VOLUME of a folder that is not there', dockerfile: on('VOLUME /never/made\nRUN ls / > /list') },
  { name: 'VOLUME of an empty name', dockerfile: on('\nVOLUME [""]'), expect: 'failure' },
];
