# The commands of this project. Each is a script in scripts/, so that it can be read and run alone.
.DEFAULT_GOAL := help
.PHONY: help run test test-players lint fmt samples slate bench-sync bench-sync-scenarios bench-sync-hour bench-timeline bench-linear bench-idle bench-upload-memory bench-media bench-fanout clean
MAKEFLAGS += --no-print-directory

help: ## say what can be done here
	@echo "make TARGET, where TARGET is one of"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-22s %s\n", $$1, $$2 }' Makefile

run: ## put the channel on the air (installs and builds what is missing)
	@scripts/run.sh

test: ## run every check and test, with their own set-up; what CI runs
	@scripts/test.sh

test-players: ## real players over fifty changes of programme: ffmpeg, mpv, VLC, hls.js (five minutes)
	@scripts/test-players.sh

lint: ## only format, clippy, rustdoc, type check and lint
	@scripts/test.sh lint

fmt: ## put all source into the one format
	@cargo fmt --all

samples: ## make the sample videos of static/ anew
	@scripts/make-samples.sh

slate: ## make the still picture anew that the stream shows where it has no programme
	@node scripts/make-slate.js

bench-sync: ## how closely real Chromium viewers agree on the frame
	@scripts/bench.sh sync

bench-sync-scenarios: ## the same beyond a quiet network: three viewers, slow lines, wrong clocks, absences (ten minutes)
	@scripts/bench.sh sync-scenarios

bench-sync-hour: ## two viewers with sound for an hour: jumps, rates, memory
	@scripts/bench.sh sync-hour

bench-timeline: ## what a look-up in a playlist of 100,000 programmes costs
	@scripts/bench.sh timeline

bench-linear: ## what a segment of the endless stream costs
	@scripts/bench.sh linear

bench-idle: ## CPU of the server in one minute with nobody watching
	@scripts/bench.sh idle

bench-upload-memory: ## memory of the server during an upload of 4 GB
	@scripts/bench.sh upload-memory

bench-media: ## what converting a video costs, and how soon it is playable
	@scripts/bench.sh media

bench-fanout: ## what many viewers of the events cost, beside nginx with nchan (ARGS=--evening, ARGS=--viewers=5000)
	@scripts/bench.sh fanout $(ARGS)

clean: ## remove what was built; videos and records stay
	@rm -rf target node_modules .tools test-results
