#!/usr/bin/env python3
"""Random requests to llama.cpp's own server, one after the other, as a log and as a scenario.

    llama.py LOG SCENARIO --requests 75 --seed 1 --slots 4 --ram 8192

The server is that of the wheel xllamacpp; the model is two layers of random weights that this file writes, because what a cache
serves does not depend on what a model knows. LOG gets the answers in envelopes, a line a request, SCENARIO the same requests for
`contexture simulate`. A prompt goes out as token ids, and no two texts begin with the same token.
"""
import argparse, datetime, json, os, random, struct, tempfile, time, urllib.request

import numpy
import xllamacpp

VOCABULARY, WIDTH, LAYERS, HEADS, CONTEXT = 4096, 64, 2, 4, 16384


def model(path):
    """A llama of random weights in GGUF, version 3 (ggml docs/gguf.md)."""
    text = lambda value: struct.pack("<Q", len(value.encode())) + value.encode()
    number = lambda value: (4, struct.pack("<I", value))
    many = lambda kind, values: (9, struct.pack("<IQ", kind, len(values)) + b"".join(values))
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    letters = {byte: chr(byte) for byte in printable}
    letters |= {byte: chr(256 + place) for place, byte in enumerate(b for b in range(256) if b not in letters)}
    tokens = [letters[byte] for byte in range(256)] + [letters[32] * 2] + [f"<{n}>" for n in range(257, VOCABULARY)]
    entries = {
        "general.architecture": (8, text("llama")), "llama.context_length": number(CONTEXT), "llama.embedding_length": number(WIDTH),
        "llama.block_count": number(LAYERS), "llama.feed_forward_length": number(2 * WIDTH), "llama.attention.head_count": number(HEADS),
        "llama.attention.head_count_kv": number(HEADS), "llama.attention.layer_norm_rms_epsilon": (6, struct.pack("<f", 1e-5)),
        "llama.rope.dimension_count": number(WIDTH // HEADS), "llama.vocab_size": number(VOCABULARY),
        "tokenizer.ggml.model": (8, text("gpt2")), "tokenizer.ggml.pre": (8, text("gpt-2")),
        "tokenizer.ggml.tokens": many(8, [text(token) for token in tokens]),
        "tokenizer.ggml.token_type": many(5, [struct.pack("<i", 1 if n < 257 else 5) for n in range(VOCABULARY)]),
        "tokenizer.ggml.merges": many(8, [text(f"{letters[32]} {letters[32]}")]),
        "tokenizer.ggml.bos_token_id": number(257), "tokenizer.ggml.eos_token_id": number(258),
        "tokenizer.ggml.add_bos_token": (7, b"\0"),
        "tokenizer.chat_template": (8, text("{% for m in messages %}{{ m['content'] }}{% endfor %}")),
    }
    shapes = {"token_embd.weight": (VOCABULARY, WIDTH), "output_norm.weight": (WIDTH,), "output.weight": (VOCABULARY, WIDTH)}
    for layer in range(LAYERS):
        shapes |= {f"blk.{layer}.{name}.weight": shape for name, shape in {
            "attn_norm": (WIDTH,), "attn_q": (WIDTH, WIDTH), "attn_k": (WIDTH, WIDTH), "attn_v": (WIDTH, WIDTH),
            "attn_output": (WIDTH, WIDTH), "ffn_norm": (WIDTH,), "ffn_gate": (2 * WIDTH, WIDTH), "ffn_up": (2 * WIDTH, WIDTH),
            "ffn_down": (WIDTH, 2 * WIDTH)}.items()}
    draw = numpy.random.default_rng(0)
    data = [numpy.ones(s) if len(s) == 1 else draw.standard_normal(s) * 0.05 for s in shapes.values()]
    head = b"GGUF" + struct.pack("<IQQ", 3, len(shapes), len(entries))
    head += b"".join(text(key) + struct.pack("<I", kind) + value for key, (kind, value) in entries.items())
    offset = 0
    for name, shape in shapes.items():
        head += text(name) + struct.pack("<I", len(shape)) + b"".join(struct.pack("<Q", side) for side in reversed(shape))
        head += struct.pack("<IQ", 0, offset)
        offset += 4 * int(numpy.prod(shape))
    with open(path, "wb") as file:
        file.write(head + b"\0" * (-len(head) % 32))
        file.writelines(part.astype("<f4").tobytes() for part in data)


def server(path, options):
    params = xllamacpp.CommonParams()
    params.model.path, params.hostnames, params.port = path, ["127.0.0.1"], 0
    params.n_parallel, params.n_ctx, params.kv_unified = options.slots, CONTEXT, True
    params.cache_ram_mib, params.cache_idle_slots, params.warmup = options.ram, True, False
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.ui, params.verbosity, params.offline = False, 1, True
    running = xllamacpp.Server(params)
    for _ in range(1200):
        try:
            if urllib.request.urlopen(running.listening_address + "/health", timeout=2).status == 200:
                return running
        except OSError:
            time.sleep(0.05)
    raise SystemExit("the server did not become ready")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("log"), parser.add_argument("scenario")
    for name, default in (("requests", 75), ("seed", 1), ("slots", 4), ("ram", 8192)):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    draw = random.Random(options.seed)
    firsts = draw.sample(range(300, VOCABULARY), 400)
    texts = []

    def text(low, high):
        texts.append([firsts.pop()] + [draw.randrange(300, VOCABULARY) for _ in range(draw.randrange(low, high))])
        return len(texts) - 1

    tools, system, turns = [text(50, 300) for _ in range(3)], [text(100, 900) for _ in range(9)], [text(3, 120) for _ in range(12)]

    def prompt():
        if draw.random() < 0.15:  # little in common: below the least similarity
            return [draw.choice(turns), draw.choice(turns)]
        some = [draw.choice(tools), draw.choice(system[:4])]
        some += [draw.choice(system[4:]) for _ in range(draw.randrange(0, 3))]
        return some + [draw.choice(turns) for _ in range(draw.randrange(1, 4))]

    requests, last = [], None
    with tempfile.TemporaryDirectory() as folder, open(options.log, "w") as log:
        model(os.path.join(folder, "model.gguf"))
        running = server(os.path.join(folder, "model.gguf"), options)
        for at in range(options.requests):
            last = last if last and draw.random() < 0.15 else prompt()
            body = {"prompt": [token for name in last for token in texts[name]], "n_predict": 1, "cache_prompt": True,
                    "temperature": 0, "ignore_eos": True}
            sent = urllib.request.Request(running.listening_address + "/completion", json.dumps(body).encode(), {"content-type": "application/json"})
            answer = json.load(urllib.request.urlopen(sent, timeout=120))
            start = datetime.datetime.fromtimestamp(1_800_000_000 + at, datetime.timezone.utc).isoformat()
            log.write(json.dumps({"start": start, "session": "live", "response": answer}) + "\n")
            blocks = [{"tier": "messages", "id": f"t{name}", "tokens": len(texts[name])} for name in last]
            requests.append({"at": at, "blocks": blocks})
    settings = {"slots": options.slots, "ram_mib": options.ram, "idle_slots": True, "unified": True, "context": CONTEXT}
    with open(options.scenario, "w") as file:
        json.dump({"model": "engine/llamacpp", "settings": settings, "requests": requests}, file)
    os._exit(0)  # the server's threads need not wind down


main()
