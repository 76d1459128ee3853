using MoeActors.Compute.Checkpoints;
using MoeActors.Compute.Checkpoints.Retention;
using MoeActors.Compute.Specs;
using MoeActors.Compute.Tests.Checkpoints.Storage;

namespace MoeActors.Actors.Tests.Checkpointing;

/// <summary>CK-2 under kill -9 of the process that writes, merges, publishes and retains, in every mode in turn.</summary>
public sealed class KilledRunTests
{
    [Fact]
    public void Whatever_the_mode_each_checkpoint_a_killed_process_published_survives_it_and_the_next_one_leaves_no_orphan() => KillAndCheck(SavingMode.All.Count);

    [Fact]
    [Trait("Tier", "integration")]
    public void Three_killed_processes_of_each_mode_lose_no_checkpoint_and_leave_no_orphan() => KillAndCheck(3 * SavingMode.All.Count);

    [Fact]
    [Trait("Tier", "soak")]
    public void Five_hundred_killed_processes_over_all_modes_lose_no_checkpoint_and_leave_no_orphan() => KillAndCheck(500);

    private static void KillAndCheck(int kills)
    {
        using var folder = new TemporaryFolder();
        S3TestServer[] servers = [.. SavingMode.All.Where(m => m.InObjectStore).Select(_ => new S3TestServer { PageSize = 100 })];
        try
        {
            var free = new Queue<S3TestServer>(servers);
            Place[] places = [.. SavingMode.All.Select((mode, i) => Place.Of(mode, Path.Combine(folder.Path, $"{i}"), mode.InObjectStore ? free.Dequeue() : null))];
            var random = new Random(kills);
            for (int kill = 0; kill < kills; kill++)
            {
                int mode = kill % places.Length;
                Once(mode, places[mode], Path.Combine(folder.Path, "flight"), kill, random);
            }
        }
        finally
        {
            Array.ForEach(servers, s => s.Dispose());
        }
    }

    private static void Once(int index, Place place, string scratch, int kill, Random random)
    {
        SavingMode mode = SavingMode.All[index];
        RunSpec spec = mode.Spec();
        var store = new CheckpointStore(KilledRun.Open(place.Address));
        long before = store.Newest()?.Step ?? 0, reported;
        using (var run = new KilledRun(index, place.Address, scratch, (2 * kill) + 1))
        {
            reported = run.Kill(random.Next(3), TimeSpan.FromMilliseconds(random.NextDouble() * 40));
        }

        string which = $"kill {kill} of {mode.Name}";
        CancellationToken cancel = TestContext.Current.CancellationToken;
        string? problem = SavedState.Problem(store, spec, cancel);
        Assert.True(problem is null, $"{which}: {problem}");
        long newest = store.Newest()?.Step ?? 0;
        Assert.True(newest >= Math.Max(before, reported), $"{which}: step {Math.Max(before, reported)} was published, the newest is {newest}");

        // Training goes on: the next checkpoint is as good, and retention leaves nothing of the killed one.
        using (var next = new SavingRun(spec, KilledRun.Open(place.Address), scratch, (2 * kill) + 2))
        {
            Assert.Equal(newest + 1, next.Save());
        }

        Assert.Empty(store.Retain(new RetentionRequest(new RetentionPolicy(spec.Checkpoint.Keep, spec.Checkpoint.KeepEvery), 0)).Failures);
        problem = SavedState.Problem(store, spec, cancel);
        Assert.True(problem is null, $"after {which}: {problem}");
        string[] others = [.. SavedState.Others(store, place.Names())];
        Assert.True(others.Length == 0, $"after {which} nothing refers to {string.Join(", ", others)}");
    }

    /// <summary>Where one mode's checkpoints lie.</summary>
    private sealed record Place(string Address, Func<IEnumerable<string>> Names)
    {
        public static Place Of(SavingMode mode, string folder, S3TestServer? server)
        {
            Assert.Equal(mode.InObjectStore, server is not null);
            return server is not null
                ? new Place(server.Endpoint, () => server.Keys.Select(k => k["run/".Length..]))
                : new Place(folder, () => Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(folder, f)));
        }
    }
}
