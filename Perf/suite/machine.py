"""What the numbers were taken on: named by its processor, cores and memory, never by its host name."""

import os
import pathlib
import platform
import re
import subprocess


def describe():
    cpu = lscpu()
    memory = round(int(re.search(r"MemTotal:\s+(\d+)", pathlib.Path("/proc/meminfo").read_text())[1]) / 1e6)
    cores = len(os.sched_getaffinity(0))
    model = re.sub(r"\(.*?\)|@.*|\b(CPU|Processor|\d+-Core)\b", "", cpu.get("Model name", platform.machine())).split()
    family = f"-{cpu['CPU family']}-{cpu['Model']}" if "CPU family" in cpu else ""
    sockets = int(cpu.get("Socket(s)", "1").split()[0]) if cpu.get("Socket(s)", "1")[:1].isdigit() else 1
    name = f"{'-'.join(model).lower()}{family}-{sockets}s{cores}c-{memory}gb"
    return {
        "name": re.sub(r"[^a-z0-9-]+", "-", name),
        "cpu": cpu.get("Model name", platform.machine()),
        "sockets": sockets,
        "cores": cores,
        "memory_gb": memory,
        "l2_kb": cache_kb(2),
        "l3_kb": cache_kb(3),
        "kernel": platform.release(),
    }


def lscpu():
    try:
        text = subprocess.run(["lscpu"], capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"}).stdout
    except OSError:
        return {}
    pairs = (line.split(":", 1) for line in text.splitlines() if ":" in line)
    return {name.strip(): value.strip() for name, value in pairs}


def cache_kb(level):
    """The cache of that level that core 0 sees, 0 when the kernel does not tell."""
    for index in pathlib.Path("/sys/devices/system/cpu/cpu0/cache").glob("index*"):
        if (index / "level").read_text().strip() == str(level):
            return int((index / "size").read_text().strip().rstrip("K"))
    return 0


def available_bytes():
    """Memory that programs can still have: of the machine, and of this control group where one is limited."""
    available = int(re.search(r"MemAvailable:\s+(\d+)", pathlib.Path("/proc/meminfo").read_text())[1]) * 1024
    try:
        limit = pathlib.Path("/sys/fs/cgroup/memory.max").read_text().strip()
        used = int(pathlib.Path("/sys/fs/cgroup/memory.current").read_text())
        return available if limit == "max" else min(available, int(limit) - used)
    except OSError:
        return available


def has_counters():
    """Whether `perf stat` counts instructions here; virtual machines often hide the counters."""
    try:
        probe = subprocess.run(["perf", "stat", "-x,", "-e", "instructions", "true"], capture_output=True, text=True)
    except OSError:
        return False
    return probe.returncode == 0 and probe.stderr.split(",")[0].isdigit()
