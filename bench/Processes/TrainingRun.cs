using System.Text;
using System.Text.Json;

namespace MoeActors.Bench.Processes;

/// <summary>A line of steps.jsonl.</summary>
internal sealed record StepDone(long Step, int Epoch, long Tokens, double Ms, double ExposedCommunicationMs, double CheckpointStallMs = 0);

/// <summary>A line of events.jsonl.</summary>
internal sealed record EventDone(DateTimeOffset At, string Type, CheckpointDone? Checkpoint, FaultDone? Fault = null, string? Message = null);

/// <summary>A fault of an event: ms from its first sign at <paramref name="At"/> to the end of each phase.</summary>
internal sealed record FaultDone(int Id, string Kind, string Target, DateTimeOffset At, double? DetectedMs, double? DecidedMs, double? RejoinedMs, double? FirstStepMs);

/// <summary>The checkpoint of an event. Runs that do not record the copy's time leave it out.</summary>
internal sealed record CheckpointDone(long Step, long Bytes, long[] BytesPerRank, double PersistMs, double? SnapshotMs = null);

/// <summary>A `moe train` started as a child, watched from outside as a user would: its steps.jsonl and events.jsonl, its node processes.</summary>
internal sealed class TrainingRun : IDisposable
{
    private readonly Child child;
    private readonly string steps;
    private readonly List<StepDone> done = [];
    private long position;

    private TrainingRun(Child child, string folder) => (this.child, Folder, steps) = (child, folder, Path.Combine(folder, "steps.jsonl"));

    public string Folder { get; }

    public IReadOnlyList<int> Nodes => ProcessTimes.NodesOf(child.Pid);

    public static TrainingRun Start(BenchContext context, params IEnumerable<string> arguments)
    {
        if (!File.Exists(context.Host))
        {
            throw new BenchException($"--host {context.Host}: the moe program is not there; start benchmarks with `moe bench`");
        }

        string folder = Path.Combine(context.NewFolder(), "run");
        return Start(context, folder, arguments.Prepend("train").Concat(["--run-dir", folder]));
    }

    /// <summary>The same run, killed before, from its newest checkpoint.</summary>
    public TrainingRun Resume(BenchContext context) => Start(context, Folder, ["resume", Folder]);

    private static TrainingRun Start(BenchContext context, string folder, IEnumerable<string> arguments)
    {
        Child child = Child.StartDll(context.Host, arguments.Concat(["--set", "reports.picture=off", "--set", "generation.tokens=1"]));
        child.DrainOutput();
        return new TrainingRun(child, folder);
    }

    /// <summary>The faults that are over, by the number of each.</summary>
    public IReadOnlyList<FaultDone> Faults() =>
        [.. Events().Select(e => e.Fault).OfType<FaultDone>().Where(f => f.FirstStepMs is not null).GroupBy(f => f.Id).Select(g => g.Last()).OrderBy(f => f.Id)];

    /// <summary>All steps so far.</summary>
    public IReadOnlyList<StepDone> Steps()
    {
        ReadNew();
        return done;
    }

    /// <summary>All steps so far, once <paramref name="enough"/> holds; throws when the run ends before.</summary>
    public async Task<IReadOnlyList<StepDone>> UntilAsync(Func<IReadOnlyList<StepDone>, bool> enough, TimeSpan poll, CancellationToken cancel)
    {
        using var timer = new PeriodicTimer(poll);
        do
        {
            bool ended = child.HasExited;
            ReadNew();
            if (enough(done))
            {
                return done;
            }

            if (ended)
            {
                throw new BenchException($"`moe train` ended after {done.Count} steps: {child.LastWords}");
            }
        }
        while (await timer.WaitForNextTickAsync(cancel));
        throw new OperationCanceledException(cancel);
    }

    /// <summary>All events so far.</summary>
    public IReadOnlyList<EventDone> Events()
    {
        string path = Path.Combine(Folder, "events.jsonl");
        return File.Exists(path) ? [.. Lines(Tail(path, 0)).Select(l => JsonSerializer.Deserialize<EventDone>(l, JsonSerializerOptions.Web)!)] : [];
    }

    /// <summary>Waits for the run's own end.</summary>
    public Task EndAsync(CancellationToken cancel) => child.WaitAsync(cancel);

    /// <summary>Kills the run where it is; its folder stays until this is disposed.</summary>
    public void Kill()
    {
        IReadOnlyList<int> nodes = Nodes;
        child.Dispose();

        // Gigabytes take a while to come back, and the next run refuses to start without them.
        SpinWait.SpinUntil(() => nodes.All(n => ProcessTimes.ResidentKiB(n) == 0), TimeSpan.FromSeconds(10));
    }

    public void Dispose()
    {
        child.Dispose();
        if (Directory.Exists(Folder))
        {
            Directory.Delete(Path.GetDirectoryName(Folder)!, recursive: true);
        }
    }

    private void ReadNew()
    {
        if (!File.Exists(steps))
        {
            return;
        }

        string text = Tail(steps, position);
        position += Encoding.UTF8.GetByteCount(text);
        foreach (string line in Lines(text))
        {
            done.Add(JsonSerializer.Deserialize<StepDone>(line, JsonSerializerOptions.Web)!);
        }
    }

    /// <summary>The whole lines of a growing file from a position on; a line still being written is read the next time.</summary>
    private static string Tail(string path, long position)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        file.Position = position;
        using var reader = new StreamReader(file);
        string text = reader.ReadToEnd();
        return text[..(text.LastIndexOf('\n') + 1)];
    }

    private static string[] Lines(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
}
