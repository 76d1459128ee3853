using System.Diagnostics;
using System.IO.Hashing;
using MoeActors.Bench.Report;
using MoeActors.Compute.Checkpoints;
using MoeActors.Compute.Checkpoints.Files;
using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Checkpoints.Retention;
using MoeActors.Compute.Tensors;

namespace MoeActors.Bench.Cases;

/// <summary>
/// The writer and the reader of checkpoints beside the plain ways to make the same bytes durable and to read the same files, in turn: GB/s of durable or verified
/// bytes, and processor time of this process for each GB. Works in the folder of temporary files: TMPDIR chooses the disk.
/// </summary>
internal sealed class StorageCase : IBenchCase
{
    private const int DefaultMiB = 1024;

    public string Name => CaseNames.Storage;

    public Task<IReadOnlyList<BenchRow>> RunAsync(BenchContext context, CancellationToken cancel)
    {
        MemoryTuning.KeepFreedMemory();
        using var state = new StorageState((context.MiB ?? DefaultMiB) * (1L << 20));
        string folder = context.NewFolder();
        var meter = new Meter(state.Bytes);
        int runs = context.Runs ?? 5;
        Write(folder, state, runs, meter, cancel);
        Read(folder, state, runs, meter, cancel);
        Directory.Delete(folder, recursive: true);
        return Task.FromResult<IReadOnlyList<BenchRow>>([.. meter.Rows()]);
    }

    // Round -1 gives the space that later rounds overwrite.
    private static void Write(string folder, StorageState state, int runs, Meter meter, CancellationToken cancel)
    {
        string plain = Directory.CreateDirectory(Path.Combine(folder, "plain")).FullName, ours = Path.Combine(folder, "ours"), alone = Path.Combine(folder, "alone");
        for (int round = -1; round < runs; round++)
        {
            foreach ((string way, bool direct, bool fresh) in ((string, bool, bool)[])
                [("page cache, new", false, true), ("page cache, over space", false, false), ("O_DIRECT, new", true, true), ("O_DIRECT, over space", true, false)])
            {
                cancel.ThrowIfCancellationRequested();
                string[] paths = [.. Enumerable.Range(0, StorageState.Files).Select(i => Path.Combine(plain, $"{(direct ? "d" : "p")}{(fresh ? "n" : "o")}{i}"))];
                meter.Time("storage write", $"plain: {way} + fsync", round >= 0, () =>
                {
                    for (int i = 0; i < paths.Length; i++)
                    {
                        PlainFile.Write(paths[i], state.Source(i), state.FileBytes, direct, fresh);
                    }
                });
                foreach (string path in fresh ? paths : [])
                {
                    File.Delete(path);
                }
            }

            meter.Time("storage hash", "XxHash128 in pieces of 256 KiB", round >= 0, () => Hash(state));

            // Into new files only: a checkpoints folder that is emptied each time.
            Checkpoint(alone, state, 0, meter, "checkpoint, new files", round >= 0);
            Directory.Delete(alone, recursive: true);
            Checkpoint(ours, state, round + 2, meter, "checkpoint, steady", round >= 1);
        }

        Directory.Delete(plain, recursive: true);
    }

    private static unsafe void Hash(StorageState state)
    {
        const int piece = 256 << 10;
        var hash = new XxHash128();
        for (long done = 0; done < state.Bytes; done += piece)
        {
            hash.Append(new ReadOnlySpan<byte>((byte*)state.Source(0) + done, (int)Math.Min(piece, state.Bytes - done)));
        }

        _ = hash.GetCurrentHashAsUInt128();
    }

    private static void Checkpoint(string root, StorageState state, long step, Meter meter, string way, bool counts)
    {
        var store = new CheckpointStore(root);
        using var files = new ShardFileSequence(new ShardFileWriter(root));
        IReadOnlyList<ShardFileResult> written = [];
        string data = store.Begin(step);
        meter.Time("storage write", way, counts, () =>
        {
            for (int i = 0; i < StorageState.Files; i++)
            {
                files.Write($"{data}/experts-{i}.safetensors", "storage", step, state.Tensors(i));
            }

            written = files.Finish();
        });
        store.Publish(StorageState.Describe(step, written), state.Expected());
        store.Retain(new RetentionRequest(new RetentionPolicy(1), 0));
    }

    private static void Read(string folder, StorageState state, int runs, Meter meter, CancellationToken cancel)
    {
        string root = Path.Combine(folder, "ours");
        Manifest manifest = new CheckpointStore(root).Newest()!;
        string[] paths = [.. manifest.Files.Select(f => Path.Combine(root, f.File))];
        void Forget() => Array.ForEach(paths, PlainFile.Forget);
        void Plain(bool direct)
        {
            for (int i = 0; i < paths.Length; i++)
            {
                PlainFile.Read(paths[i], state.Target(i), state.FileBytes, direct);
            }
        }

        void Ours()
        {
            using var reader = new CheckpointReader(root, manifest);
            reader.ReadRanges([.. manifest.Entries.Select(e => new TensorRange(e.Tensor, e.Slot, e.Begin, e.Count, state.Target(e)))]);
        }

        for (int round = -1; round < runs; round++)
        {
            cancel.ThrowIfCancellationRequested();
            bool counts = round >= 0;
            meter.Time("storage read", "plain: O_DIRECT", counts, () => Plain(direct: true), Forget);
            meter.Time("storage read", "plain: cold", counts, () => Plain(direct: false), Forget);
            meter.Time("storage read", "restore, cold", counts, Ours, Forget);
            Plain(direct: false);
            meter.Time("storage read", "plain: cached", counts, () => Plain(direct: false));
            meter.Time("storage read", "restore, cached", counts, Ours);
        }

        if (!state.Same())
        {
            throw new BenchException("what was restored is not what was written");
        }
    }

    /// <summary>Times and their rows, in the order of first use. A checkpoint's baseline is the best plain way of its group.</summary>
    private sealed class Meter(long bytes)
    {
        private readonly OrderedDictionary<(string Case, string Way), (List<double> Speed, List<double> Cpu)> taken = [];

        public void Time(string group, string way, bool counts, Action action, Action? before = null)
        {
            before?.Invoke();
            using Process self = Process.GetCurrentProcess();
            TimeSpan cpu = self.TotalProcessorTime;
            long begun = Stopwatch.GetTimestamp();
            action();
            double seconds = Stopwatch.GetElapsedTime(begun).TotalSeconds;
            self.Refresh();
            if (counts)
            {
                taken.TryAdd((group, way), ([], []));
                taken[(group, way)].Speed.Add(bytes / seconds / 1e9);
                taken[(group, way)].Cpu.Add((self.TotalProcessorTime - cpu).TotalSeconds / bytes * 1e9);
            }
        }

        public IEnumerable<BenchRow> Rows()
        {
            foreach (((string group, string way), (List<double> speed, List<double> cpu)) in taken)
            {
                bool plain = way.StartsWith("plain", StringComparison.Ordinal), cached = way.EndsWith("cached", StringComparison.Ordinal);
                double? best = plain || group == "storage hash" ? null : taken.Where(t => t.Key.Case == group && t.Key.Way.StartsWith("plain", StringComparison.Ordinal)
                    && t.Key.Way.EndsWith("cached", StringComparison.Ordinal) == cached).Max(t => Statistics.Median(t.Value.Speed));
                yield return BenchRow.Of(group, way, "GB/s", speed, best, best is null ? null : "baseline: the best plain way");
                yield return BenchRow.Of(group, $"{way}: processor", "s/GB", cpu);
            }
        }
    }
}
