import { describe, expect, test } from 'vitest';
import { formatPlatform } from '../oci/platform.ts';
import { parseBuildConfig } from './build-config.ts';

const read = (text: string) => {
  const { platforms, tag } = parseBuildConfig(text, { file: 'build.config', env: { USER: 'me', EMPTY: '' } });
  return [
    tag(),
    platforms()
      .map((platform) => formatPlatform(platform))
      .join(' '),
  ];
};

describe('build.config', () => {
  test.each<[string, (string | undefined)[]]>([
    ['', [undefined, '']],
    [
      'REPO=""\nIMAGE_NAME=""\nIMAGE_VERSION=""\nDOCKER_CLI_PATH=""\nTARGET_ARCHES="amd64"\n',
      [undefined, 'linux/amd64'],
    ],
    ['REPO=r\nIMAGE_NAME=n\n', ['r/n:latest', '']],
    ['REPO=r\nIMAGE_NAME=n\nIMAGE_VERSION=""', ['r/n:latest', '']],
    [
      '#!/bin/sh\n# x\nexport REPO="r.example/x"  # y\r\nIMAGE_NAME=\'n\'; \nIMAGE_VERSION=1.2\r\n',
      ['r.example/x/n:1.2', ''],
    ],
    ['V=1\nREPO=$USER\nIMAGE_NAME="${USER}-n"\nIMAGE_VERSION=v"$V".0', ['me/me-n:v1.0', '']],
    ['IMAGE_NAME=a\\ b', ['a b:latest', '']],
    ['IMAGE_NAME=$EMPTY$GONE', [undefined, '']],
    ["IMAGE_NAME='$USER'", ['$USER:latest', '']],
    ['DATE=$(date)\nIMAGE_NAME=n', ['n:latest', '']],
    ['USER=other\nREPO=$USER\nIMAGE_NAME=n', ['other/n:latest', '']],
    ['TARGET_ARCHES="amd64 arm32v6 arm64v8"', [undefined, 'linux/amd64 linux/arm/v6 linux/arm64']],
    [
      'TARGET_ARCHES="arm armhf  aarch64\ti386 linux/s390x arm64"',
      [undefined, 'linux/arm/v7 linux/arm64 linux/386 linux/s390x'],
    ],
  ])('%j', (text, expected) => expect(read(text)).toEqual(expected));

  test.each([
    ['IMAGE_NAME=n\nIMAGE_VERSION=$(git describe)', 'BUILD_CONFIG_INVALID', 'build.config:2: IMAGE_VERSION'],
    ['NAME=$(id)\nIMAGE_NAME=x$NAME', 'BUILD_CONFIG_INVALID', 'build.config:2: IMAGE_NAME'],
    ['IMAGE_NAME=${X:-y}', 'BUILD_CONFIG_INVALID', 'build.config:1: IMAGE_NAME'],
    ['REPO="`id`"', 'BUILD_CONFIG_INVALID', 'build.config:1: REPO'],
    ['TARGET_ARCHES=(amd64 arm)', 'BUILD_CONFIG_INVALID', 'build.config:1: TARGET_ARCHES'],
    ['TARGET_ARCHES="amd64 amr64"', 'UNKNOWN_PLATFORM', 'build.config: TARGET_ARCHES'],
  ])('%j is told', (text, code, message) => {
    expect(() => read(text)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) as string }),
    );
  });

  test('what is not asked for need not be plain', () => {
    const config = parseBuildConfig('TARGET_ARCHES=arm64\nIMAGE_NAME=$(id)\n', { file: 'build.config', env: {} });
    expect(config.platforms()).toHaveLength(1);
    expect(() => config.tag()).toThrow();
  });
});
