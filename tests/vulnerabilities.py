"""Known vulnerabilities of what is installed here, by pip-audit. Used by ``tox -e audit``.

pip-audit asks PyPI for its advisories. Where those are not to be had (no network, a mirror
that has packages only) nothing was audited, and this says so in place of passing in
silence. ``REQUIRE_SERVICES=advisories`` makes that a failure.
"""

import json
import os
import subprocess
import sys


def main() -> int:
    command = [sys.executable, "-m", "pip_audit", "--format", "json", "--progress-spinner", "off"]
    done = subprocess.run(
        [*command, "--skip-editable"], capture_output=True, text=True, check=False
    )
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except ValueError:
        reason = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        return skipped(f"pip-audit could not ask for advisories: {reason}")
    audited = [package for package in packages if "skip_reason" not in package]
    if not any(package["name"].lower() == "django" for package in audited):
        return skipped(f"there are no advisories to be had for {len(packages)} packages")
    found = [package for package in audited if package["vulns"]]
    for package in found:
        ids = ", ".join(vulnerability["id"] for vulnerability in package["vulns"])
        print(f"{package['name']} {package['version']}: {ids}")
    print(f"{len(audited)} of {len(packages)} packages audited, {len(found)} vulnerable.")
    return 1 if found else 0


def skipped(why: str) -> int:
    print(f"SKIPPED, nothing was audited: {why}")
    return int("advisories" in os.environ.get("REQUIRE_SERVICES", "").split(","))


if __name__ == "__main__":
    sys.exit(main())
