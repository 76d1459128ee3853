using MoeActors.Compute.Checkpoints;
using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Checkpoints.Retention;
using MoeActors.Compute.Checkpoints.Storage;
using MoeActors.Compute.Specs;
using MoeActors.Compute.Tests.Checkpoints;
using MoeActors.Compute.Tests.Checkpoints.Torn;

namespace MoeActors.Actors.Tests.Checkpointing;

/// <summary>
/// CK-1 and CK-2 of partial checkpoints under power failures: a complete one and several partial ones, of which retention keeps the newest alone, so that experts' newest versions
/// lie in folders of checkpoints that are gone. The disk after every prefix of what was done, with what was not synced dropped or torn, must hold what had been promised by then.
/// </summary>
public sealed class TornPartialTests
{
    private const int Checkpoints = 4;

    private static readonly RunSpec Spec = SavingMode.Newest.Spec(small: true);

    [Fact]
    public void After_every_prefix_with_all_unsynced_writes_dropped_the_promised_checkpoint_is_whole() => Assert.Null(FirstViolation(default, seeds: 0));

    [Fact]
    public void After_every_prefix_with_unsynced_writes_kept_lost_or_torn_at_random_the_promised_checkpoint_is_whole() => Assert.Null(FirstViolation(default, seeds: 1));

    [Fact]
    [Trait("Tier", "soak")]
    public void After_every_prefix_with_twenty_random_disks_each_the_promised_checkpoint_is_whole() => Assert.Null(FirstViolation(default, seeds: 20));

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public void A_publisher_that_forgot_to_sync_files_or_folders_would_be_caught(bool files, bool folders) => Assert.NotNull(FirstViolation((files, folders), seeds: 0));

    private static string? FirstViolation((bool Files, bool Folders) forgets, int seeds)
    {
        using var run = new TemporaryFolder();
        (IReadOnlyList<DiskOperation> log, IReadOnlyList<int> promised) = Live(run.Path, forgets);
        for (int count = 0; count <= log.Count; count++)
        {
            // An append that is not synced yet leaves the same disk as before it where all of that is dropped; where chance decides, only the long tier looks at each of them.
            if (seeds <= 1 && count > 0 && log[count - 1] is DiskOperation.Append)
            {
                continue;
            }

            // Checkpoint n was promised once so many operations were done.
            int promise = promised.Count(p => p <= count);
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

    private static (IReadOnlyList<DiskOperation> Log, IReadOnlyList<int> Promised) Live(string folder, (bool, bool) forgets)
    {
        var files = new RecordingFiles(folder) { Forgets = forgets };
        using var scratch = new TemporaryFolder();
        using var run = new SavingRun(Spec, new FolderStorage(Path.Combine(folder, "checkpoints"), files), Path.Combine(scratch.Path, "flight"), epoch: 1);
        var promised = new List<int>();
        for (int i = 0; i < Checkpoints; i++)
        {
            run.Save();
            promised.Add(files.Log.Count);
        }

        Prune(new CheckpointStore(Path.Combine(folder, "checkpoints"), files));
        return (files.Log, promised);
    }

    private static void Prune(CheckpointStore store) => Assert.Empty(store.Retain(new RetentionRequest(new RetentionPolicy(1), 0)).Failures);

    private static string? Problem(string folder, int promised)
    {
        string place = Path.Combine(folder, "checkpoints");
        var storage = new FolderStorage(place, QuickFiles.Instance);
        var store = new CheckpointStore(storage);
        try
        {
            CancellationToken cancel = TestContext.Current.CancellationToken;
            if (SavedState.Problem(store, Spec, cancel) is { } problem)
            {
                return problem;
            }

            long newest = store.Newest()?.Step ?? 0;
            if (newest < promised)
            {
                return $"the newest is {newest}, promised was {promised}";
            }

            // Training goes on: the next checkpoint is whole too, and retention leaves nothing behind.
            using var scratch = new TemporaryFolder();
            using var next = new SavingRun(Spec, storage, Path.Combine(scratch.Path, "flight"), epoch: 2);
            next.Save();
            Prune(store);
            string[] others = [.. SavedState.Others(store, Directory.EnumerateFiles(place, "*", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(place, f)))];
            return others.Length > 0 ? $"left over: {string.Join(", ", others)}" : SavedState.Problem(store, Spec, cancel);
        }
        catch (CheckpointException e)
        {
            return e.Message;
        }
    }
}
