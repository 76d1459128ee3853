using MoeActors.Compute.Checkpoints;
using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Checkpoints.Retention;

namespace MoeActors.Compute.Tests.Checkpoints;

public sealed class PublicationTests
{
    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void A_crash_between_any_two_operations_leaves_the_older_checkpoint_or_the_new_one_whole(bool loseNames, bool loseContents)
    {
        using var first = new SampleState(1);
        using var second = new SampleState(2);
        var outcomes = new List<long>();
        for (int survive = 0; ; survive++)
        {
            using var folder = new TemporaryFolder();
            new CheckpointStore(folder.Path, QuickFiles.Instance).Publish(first.Write(folder.Path, 50, 1, (_, _, _) => []), SampleState.Expected);
            var files = new CrashingFiles(survive);
            bool crashed = false;
            try
            {
                new CheckpointStore(folder.Path, files).Publish(second.Write(folder.Path, 100, 2, (_, _, _) => [], files: files), SampleState.Expected);
            }
            catch (SimulatedCrashException)
            {
                crashed = true;
            }

            files.LosePower(loseNames, loseContents);
            var store = new CheckpointStore(folder.Path, QuickFiles.Instance);
            CheckpointListing listing = store.List();
            Assert.Empty(listing.Broken);
            foreach (Manifest m in listing.Valid)
            {
                Assert.Empty(store.Verify(m.Step, TestContext.Current.CancellationToken));
            }

            Assert.Contains(50L, listing.Valid.Select(m => m.Step));
            outcomes.Add(listing.Valid[0].Step);
            if (!crashed)
            {
                break;
            }
        }

        Assert.Equal(outcomes.Order(), outcomes); // once it is there it stays there
        Assert.Equal(100, outcomes[^1]);
        Assert.Equal(loseNames ? 1 : 2, outcomes.Count(o => o == 100)); // from the rename on; durable after the folder's fsync
    }

    [Fact]
    public void Publication_writes_syncs_renames_and_syncs_the_folder_in_this_order()
    {
        using var folder = new TemporaryFolder();
        using var state = new SampleState(1);
        Manifest manifest = state.Write(folder.Path, 7, 1);
        var files = new CrashingFiles();
        new CheckpointStore(folder.Path, files).Publish(manifest, SampleState.Expected);
        string name = "step-00000007.manifest.json", root = Path.GetFileName(folder.Path);
        Assert.Equal(
            ["sync folder step-00000007", $"create {name}.tmp", $"append {name}.tmp", $"sync {name}.tmp", $"rename {name}", $"sync folder {root}"],
            files.Operations);
    }

    [Fact]
    public void An_incomplete_checkpoint_is_refused_and_what_is_missing_is_named()
    {
        using var folder = new TemporaryFolder();
        using var state = new SampleState(1);
        Manifest whole = state.Write(folder.Path, 7, 2);
        var store = new CheckpointStore(folder.Path, QuickFiles.Instance);
        CheckpointEntry gone = whole.Entries.First(e => e.Tensor == "layers.0.experts.1.w1" && e.Slot == Slots.Second);
        var e = Assert.Throws<CheckpointException>(() => store.Publish(whole with { Entries = [.. whole.Entries.Where(x => x != gone)] }, SampleState.Expected));
        Assert.Contains($"layer 0, expert 1, layers.0.experts.1.w1@v: elements [{gone.Begin}:{gone.End}] are missing", e.Message);
        Assert.Null(store.Newest());

        File.Delete(Path.Combine(folder.Path, whole.Files[1].File));
        Assert.Contains("shard-1.safetensors has gone", Assert.Throws<CheckpointException>(() => store.Publish(whole, SampleState.Expected)).Message);
        Assert.Null(store.Newest());
    }

    [Fact]
    public void Publishing_again_changes_nothing_and_a_late_attempt_cannot_reuse_the_folder()
    {
        using var folder = new TemporaryFolder();
        using var state = new SampleState(1);
        var store = new CheckpointStore(folder.Path, QuickFiles.Instance);
        Manifest manifest = state.Write(folder.Path, 7, 2, token: 3);
        string first = store.Publish(manifest, SampleState.Expected).Checksum;
        PublishResult again = store.Publish(manifest, SampleState.Expected);
        Assert.Equal((true, first), (again.Already, again.Checksum));
        Assert.Contains("another attempt", Assert.Throws<CheckpointException>(() => store.Begin(7)).Message);

        // The step written again after a recovery, by a newer coordinator: one manifest, the new one.
        store.Publish(state.Write(folder.Path, 7, 1, token: 4, attempt: 4), SampleState.Expected);
        Assert.Equal(("step-00000007-4/shard-0.safetensors", 1), (Assert.Single(store.Newest()!.Files).File, store.List().Valid.Count));
        Assert.Contains("fencing token 4", Assert.Throws<CheckpointException>(() => store.Publish(manifest, SampleState.Expected)).Message);
    }

    [Fact]
    public void Another_runs_folder_is_refused()
    {
        using var folder = new TemporaryFolder();
        using var state = new SampleState(1);
        var store = new CheckpointStore(folder.Path, QuickFiles.Instance);
        store.Publish(state.Write(folder.Path, 7, 1), SampleState.Expected);
        Manifest other = state.Write(folder.Path, 8, 1) with { Identity = SampleState.Identity with { RunId = "run-b" } };
        Assert.Contains("run-a, not of run-b", Assert.Throws<CheckpointException>(() => store.Publish(other, SampleState.Expected)).Message);
    }

    [Fact]
    public void The_fence_refuses_an_older_token_and_lets_the_newer_one_pass()
    {
        using var folder = new TemporaryFolder();
        using var state = new SampleState(1);
        var store = new CheckpointStore(folder.Path);
        Assert.Equal(0, store.Fence());
        store.RaiseFence(8);
        store.RaiseFence(8);
        Assert.Equal(8, new CheckpointStore(folder.Path).Fence());
        string message = Assert.Throws<CheckpointException>(() => store.Publish(state.Write(folder.Path, 7, 1, token: 7), SampleState.Expected)).Message;
        Assert.Contains("fenced at token 8, newer than 7", message);
        Assert.Null(store.Newest());
        Assert.Throws<CheckpointException>(() => store.RaiseFence(7));
        Assert.Throws<CheckpointException>(() => store.Retain(new RetentionRequest(new RetentionPolicy(1), FencingToken: 7)));
        store.Publish(state.Write(folder.Path, 7, 1, token: 8), SampleState.Expected);
        Assert.Equal(7, store.Newest()!.Step);

        // Whose a token is: of two journals that count alike only one may have it.
        Assert.Equal((8, ""), store.StandingFence());
        store.RaiseFence(8, "a");
        store.RaiseFence(8, "a");
        Assert.Equal((8, "a"), new CheckpointStore(folder.Path).StandingFence());
        Assert.Contains("of another journal", Assert.Throws<CheckpointException>(() => store.RaiseFence(8, "b")).Message, StringComparison.Ordinal);
        store.RaiseFence(9, "b");
        Assert.Equal((9, "b"), store.StandingFence());

        byte[] fence = File.ReadAllBytes(Path.Combine(folder.Path, "fence.json"));
        fence[^3] ^= 1;
        File.WriteAllBytes(Path.Combine(folder.Path, "fence.json"), fence);
        Assert.Contains("fence.json: altered", Assert.Throws<CheckpointException>(() => store.RaiseFence(10)).Message);
    }

    [Fact]
    public void Of_many_publishers_at_once_each_step_stands_once_and_whole()
    {
        using var folder = new TemporaryFolder();
        using var state = new SampleState(1);
        Manifest[] manifests = [.. Enumerable.Range(1, 4).Select(i => state.Write(folder.Path, i, 1))];
        Parallel.ForEach(manifests.Concat(manifests), m => new CheckpointStore(folder.Path).Publish(m, SampleState.Expected));
        CheckpointListing listing = new CheckpointStore(folder.Path).List();
        Assert.Equal([4L, 3L, 2L, 1L], listing.Valid.Select(m => m.Step));
        Assert.Empty(listing.Broken);
    }
}
