using CsCheck;
using MoeActors.Compute.Checkpoints;
using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Checkpoints.Retention;
using MoeActors.Compute.Checkpoints.Storage;

namespace MoeActors.Compute.Tests.Checkpoints;

public sealed class RetentionTests
{
    private static readonly Gen<(RetentionRequest Request, RetentionState State)> Folders =
        from steps in Gen.Long[0, 30].HashSet[0, 12]
        from refers in Gen.Int[0, 11].Array[0, 4].Array[steps.Count]
        from roles in Gen.Int[0, 9].Array[steps.Count]
        from keep in Gen.Int[1, 4]
        from every in Gen.Int[0, 6]
        select Folder([.. steps.Order().Select(s => s * 10)], refers, roles, keep, every * 10);

    [Fact]
    public void A_file_that_a_remaining_manifest_refers_to_or_that_is_in_writing_never_goes() => Folders.Sample(
        (request, state) =>
        {
            RetentionDecision d = RetentionRules.Decide(request, state);
            foreach ((long step, IReadOnlyCollection<string> files) in state.Manifests.Where(m => d.Keep.Contains(m.Step)))
            {
                Assert.Empty(files.Intersect(d.Delete));
            }

            Assert.DoesNotContain(state.Stored, f => request.InProgress.Contains(f.Step) && d.Delete.Contains(f.File));
            Assert.All(d.Folders, folder => Assert.All(state.Stored.Where(f => f.File.StartsWith(folder + "/", StringComparison.Ordinal)), f => Assert.Contains(f.File, d.Delete)));
        },
        iter: 2000);

    [Fact]
    public void The_newest_usable_the_multiples_and_the_pinned_stay_and_nothing_usable_goes_before_there_are_enough() => Folders.Sample(
        (request, state) =>
        {
            RetentionDecision d = RetentionRules.Decide(request, state);
            long[] usable = [.. state.Manifests.Select(m => m.Step).Where(s => !request.Failed.Contains(s)).OrderDescending()];
            Assert.Empty(usable.Take(request.Policy.Keep).Except(d.Keep));
            Assert.Empty(state.Manifests.Select(m => m.Step).Where(request.Pinned.Contains).Except(d.Keep));
            if (request.Policy.KeepEvery > 0)
            {
                Assert.Empty(state.Manifests.Select(m => m.Step).Where(s => s % request.Policy.KeepEvery == 0).Except(d.Keep));
            }

            if (usable.Length < request.Policy.Keep)
            {
                Assert.Empty(d.Drop);
            }

            Assert.Equal(state.Manifests.Select(m => m.Step).Concat(state.Broken.Select(b => b.Step)).Order(),
                d.Keep.Concat(d.Drop).Concat(state.Broken.Select(b => b.Step).Except(d.Drop)).Order());
        },
        iter: 2000);

    [Fact]
    public void After_it_was_carried_out_there_is_nothing_left_to_do() => Folders.Sample(
        (request, state) =>
        {
            RetentionDecision d = RetentionRules.Decide(request, state);
            RetentionDecision again = RetentionRules.Decide(request, new RetentionState(
                [.. state.Manifests.Where(m => d.Keep.Contains(m.Step))],
                [.. state.Broken.Where(b => !d.Drop.Contains(b.Step))],
                [.. state.Stored.Where(f => !d.Delete.Contains(f.File))],
                [.. state.Folders.Where(f => !d.Folders.Contains(f.Folder))]));
            Assert.Equal(d.Keep, again.Keep);
            Assert.Empty(again.Drop);
            Assert.Empty(again.Delete);
            Assert.Empty(again.Folders);
        },
        iter: 2000);

    [Fact]
    public void A_manifest_of_a_newer_build_stops_all_deletion()
    {
        RetentionDecision d = RetentionRules.Decide(
            new RetentionRequest(new RetentionPolicy(1), 0),
            new RetentionState([(10, ["step-00000010/a"]), (20, ["step-00000020/a"])], [(5, true)], [new("step-00000010/a", 10, 1)], [("step-00000010", 10)]));
        Assert.Empty(d.Drop);
        Assert.Empty(d.Delete);
        Assert.Contains("newer build", d.Reason);
    }

    [Fact]
    public void Old_checkpoints_and_orphans_go_and_a_file_shared_with_a_newer_manifest_stays()
    {
        using var folder = new TemporaryFolder();
        using var state = new SampleState(1);
        var store = new CheckpointStore(folder.Path, QuickFiles.Instance);
        store.Publish(state.Write(folder.Path, 10, 2), SampleState.Expected);
        Manifest twenty = state.Write(folder.Path, 20, 2);
        store.Publish(twenty, SampleState.Expected);
        state.Write(folder.Path, 25, 2);                                     // an orphan: its coordinator died before publishing
        Directory.CreateDirectory(Path.Combine(folder.Path, "step-00000026")); // and one that died before writing
        Directory.CreateDirectory(Path.Combine(folder.Path, "notes"));       // not ours

        // 30 refers to one file in the folder of 20, as partial checkpoints will.
        Manifest thirty = state.Write(folder.Path, 30, 2);
        CheckpointFile shared = twenty.Files[0];
        store.Publish(
            thirty with
            {
                Files = [shared, thirty.Files[1]],
                Entries = [.. twenty.Entries.Where(e => e.File == shared.File).Select(e => e with { Version = 30 }), .. thirty.Entries.Where(e => e.File == thirty.Files[1].File)],
            },
            SampleState.Expected);
        state.Write(folder.Path, 28, 1);                                     // still being written
        state.Write(folder.Path, 40, 1);                                     // the next one, perhaps in writing
        File.WriteAllText(Path.Combine(folder.Path, "step-00000031.manifest.json.tmp"), "torn");

        RetentionResult result = store.Retain(new RetentionRequest(new RetentionPolicy(1), 0) { InProgress = new HashSet<long> { 28 } });
        Assert.Empty(result.Failures);
        Assert.Equal([20L, 10L], result.Decision.Drop);
        Assert.Equal(
            ["notes", "step-00000020", "step-00000020/shard-0.safetensors", "step-00000028", "step-00000028/shard-0.safetensors", "step-00000030",
             "step-00000030.manifest.json", "step-00000030/shard-1.safetensors", "step-00000040", "step-00000040/shard-0.safetensors"],
            Directory.EnumerateFileSystemEntries(folder.Path, "*", SearchOption.AllDirectories).Select(p => Path.GetRelativePath(folder.Path, p)).Where(p => p != ".lock")
                .Order(StringComparer.Ordinal));
        Assert.Empty(store.Verify(30, TestContext.Current.CancellationToken));
    }

    [Fact]
    public void A_crash_between_any_two_deletions_leaves_every_remaining_manifest_whole()
    {
        using var state = new SampleState(1);
        for (int survive = 0, crashes = 1; crashes > 0; survive++)
        {
            using var folder = new TemporaryFolder();
            var store = new CheckpointStore(folder.Path, QuickFiles.Instance);
            foreach (long step in new[] { 10, 20, 30 })
            {
                store.Publish(state.Write(folder.Path, step, 2, (_, _, _) => []), SampleState.Expected);
            }

            crashes = 0;
            var files = new CrashingFiles(survive);
            try
            {
                new CheckpointStore(folder.Path, files).Retain(new RetentionRequest(new RetentionPolicy(1), 0));
            }
            catch (SimulatedCrashException)
            {
                crashes = 1;
            }

            files.LosePower(names: true, contents: true);
            Assert.Equal(30, store.Newest()!.Step);
            Assert.All(store.List().Valid, m => Assert.Empty(store.Verify(m.Step, TestContext.Current.CancellationToken)));
            store.Retain(new RetentionRequest(new RetentionPolicy(1), 0));
            Assert.Equal(["step-00000030"], Directory.GetDirectories(folder.Path).Select(Path.GetFileName));
        }
    }

    private static (RetentionRequest Request, RetentionState State) Folder(long[] steps, int[][] refers, int[] roles, int keep, int every)
    {
        // Each step has a folder with two files; roles: 0 = an orphan, 1 = in progress, 2 = broken manifest, 3 = failed, 4 = pinned, else sound.
        string[] Files(long step) => [$"{CheckpointPaths.FolderName(step)}/a", $"{CheckpointPaths.FolderName(step)}/b"];
        HashSet<long> With(int role) => [.. steps.Where((_, i) => roles[i] == role)];
        return (
            new RetentionRequest(new RetentionPolicy(keep, every), 0) { InProgress = With(1), Failed = With(3), Pinned = With(4) },
            new RetentionState(
                [.. steps.Index().Where(s => roles[s.Index] > 2).Select(s => (s.Item, (IReadOnlyCollection<string>)
                    [.. refers[s.Index].Where(r => r < s.Index).Select(r => Files(steps[r])[r % 2]), Files(s.Item)[0]]))],
                [.. steps.Where((_, i) => roles[i] == 2).Select(s => (s, false))],
                [.. steps.SelectMany(s => Files(s).Select(f => new StoredFile(f, s, 5)))],
                [.. steps.Select(s => (CheckpointPaths.FolderName(s), s))]));
    }
}
