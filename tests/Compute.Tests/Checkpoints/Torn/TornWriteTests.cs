using MoeActors.Compute.Checkpoints;
using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Checkpoints.Retention;
using MoeActors.Compute.Checkpoints.Storage;

namespace MoeActors.Compute.Tests.Checkpoints.Torn;

/// <summary>
/// CK-1 and CK-2 under power failures: the whole life of a store is recorded (fence, saves, publications, a step written again, retention, shared files), and the
/// disk after every prefix of it, with what was not synced dropped or torn, must hold what had been promised by then.
/// </summary>
public sealed class TornWriteTests
{
    /// <summary>What was promised once so many operations were done.</summary>
    private sealed record Promise(int Operations, long Step, long Fence);

    [Fact]
    public void After_every_prefix_with_all_unsynced_writes_dropped_the_promised_checkpoint_is_whole() => Assert.Null(FirstViolation(default, seeds: 0));

    [Fact]
    public void After_every_prefix_with_unsynced_writes_kept_lost_or_torn_at_random_the_promised_checkpoint_is_whole() => Assert.Null(FirstViolation(default, seeds: 1));

    [Fact]
    [Trait("Tier", "integration")]
    public void After_every_prefix_in_four_ways_of_being_torn_the_promised_checkpoint_is_whole() => Assert.Null(FirstViolation(default, seeds: 4));

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public void A_store_that_forgot_to_sync_files_or_folders_would_be_caught(bool files, bool folders) =>
        Assert.NotNull(FirstViolation((files, folders), seeds: 0));

    private static string? FirstViolation((bool Files, bool Folders) forgets, int seeds)
    {
        using var run = new TemporaryFolder();
        (IReadOnlyList<DiskOperation> log, IReadOnlyList<Promise> promises) = Live(run.Path, forgets);
        for (int count = 0; count <= log.Count; count++)
        {
            Promise promise = promises.Last(p => p.Operations <= count);
            for (int seed = seeds == 0 ? 0 : 1; seed <= seeds; seed++)
            {
                using var after = new TemporaryFolder();
                TornDisk.Write(log, count, seed == 0 ? null : new Random((count * 31) + seed), after.Path);
                if (Problem(after.Path, promise) is { } problem)
                {
                    return $"after {count} of {log.Count} operations, seed {seed} (last: {(count > 0 ? log[count - 1] : "none")}): {problem}";
                }
            }
        }

        return null;
    }

    /// <summary>The life of a store, from a run directory with nothing in it.</summary>
    private static (IReadOnlyList<DiskOperation> Log, IReadOnlyList<Promise> Promises) Live(string run, (bool, bool) forgets)
    {
        var files = new RecordingFiles(run) { Forgets = forgets };
        var storage = new FolderStorage(Path.Combine(run, "checkpoints"), files);
        var store = new CheckpointStore(storage);
        using var first = new SampleState(1);
        using var second = new SampleState(2);
        var promises = new List<Promise> { new(0, 0, 0) };
        void Promised(long? step = null, long? fence = null) => promises.Add(new(files.Log.Count, step ?? promises[^1].Step, fence ?? promises[^1].Fence));

        store.RaiseFence(1);
        Promised(fence: 1);
        foreach ((SampleState state, long step) in new[] { (first, 10L), (second, 20L) })
        {
            store.Publish(state.Write(storage, step, 2, (_, _, _) => [], token: 1, sequence: true), SampleState.Expected);
            Promised(step);
        }

        store.RaiseFence(2);
        Promised(fence: 2);

        // A newer coordinator went back to 10 and writes 20 again.
        store.Publish(second.Write(storage, 20, 1, (_, _, _) => [], token: 2, attempt: 3, sequence: true), SampleState.Expected);
        Promised(20);
        Manifest thirty = first.Write(storage, 30, 2, (_, _, _) => [], token: 2, sequence: true);
        store.Publish(thirty, SampleState.Expected);
        Promised(30);
        Assert.Empty(store.Retain(new RetentionRequest(new RetentionPolicy(1), 2)).Failures);
        Promised();

        // 40 refers to a file of 30, which goes later.
        Manifest forty = first.Write(storage, 40, 2, (_, _, _) => [], token: 2, sequence: true);
        CheckpointFile shared = thirty.Files[0];
        store.Publish(
            forty with
            {
                Files = [shared, forty.Files[1]],
                Entries = [.. thirty.Entries.Where(e => e.File == shared.File).Select(e => e with { Version = 40 }), .. forty.Entries.Where(e => e.File == forty.Files[1].File)],
            },
            SampleState.Expected);
        Promised(40);
        Assert.Empty(store.Retain(new RetentionRequest(new RetentionPolicy(1), 2)).Failures);
        Promised();
        Assert.Equal(40, store.Newest()!.Step);
        return (files.Log, promises);
    }

    private static string? Problem(string run, Promise promise)
    {
        string folder = Path.Combine(run, "checkpoints");
        var store = new CheckpointStore(folder, QuickFiles.Instance);
        try
        {
            CheckpointListing listing = store.List();
            if (listing.Broken.Count > 0)
            {
                return listing.Broken[0].Reason;
            }

            foreach (Manifest m in listing.Valid)
            {
                if (Completeness.Check(SampleState.Expected, m.Entries) is [var missing, ..])
                {
                    return $"step {m.Step}: {missing.Message}";
                }

                if (store.Verify(m.Step, TestContext.Current.CancellationToken) is [var problem, ..])
                {
                    return $"step {m.Step}: {problem.Message}";
                }
            }

            long newest = listing.Valid.Count > 0 ? listing.Valid[0].Step : 0, fence = store.Fence();
            if (newest < promise.Step || fence < promise.Fence)
            {
                return $"newest {newest} and fence {fence}, promised were {promise.Step} and {promise.Fence}";
            }

            return Orphan(store, folder);
        }
        catch (CheckpointException e)
        {
            return e.Message;
        }
    }

    /// <summary>Training goes on: after the next checkpoint and retention nothing else is left, whatever the failure left behind.</summary>
    private static string? Orphan(CheckpointStore store, string folder)
    {
        using var state = new SampleState(3);
        store.RaiseFence(9);
        store.Publish(state.Write(store.Storage, 100, 1, (_, _, _) => [], token: 9), SampleState.Expected);
        RetentionResult result = store.Retain(new RetentionRequest(new RetentionPolicy(1), 9));
        string[] left = [.. Directory.EnumerateFileSystemEntries(folder, "*", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(folder, f)).Order(StringComparer.Ordinal)];
        string[] expected = [".lock", "fence.json", "step-00000100", "step-00000100.manifest.json", "step-00000100/shard-0.safetensors"];
        return result.Failures.Count == 0 && left.SequenceEqual(expected) ? null : $"left over: {string.Join(", ", left.Except(expected))}{string.Concat(result.Failures)}";
    }
}
