using System.Diagnostics;
using CsCheck;
using MoeActors.Compute.Checkpoints;
using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Checkpoints.Retention;
using MoeActors.Compute.Checkpoints.Storage;

namespace MoeActors.Compute.Tests.Checkpoints;

/// <summary>Space of retired files (CK-2: overwritten only when nothing refers to it).</summary>
public sealed class SpareTests
{
    private static readonly Gen<StoredFile[]> Files =
        (from step in Gen.Long[0, 9] from id in Gen.Int[0, 999] from kib in Gen.Long[0, 400] select new StoredFile($"step-{step}/{id}", step, kib << 10)).Array[0, 8];

    [Fact]
    public void Spares_are_never_more_than_one_checkpoint_and_the_newest_retired_come_first() => Gen.Select(Files, Files, Gen.Long[0, 1500]).Sample(
        (retired, pool, kib) =>
        {
            RecycledSpace d = RecycledSpace.Decide(retired, pool, kib << 10);
            Assert.True(d.Keep.Sum(f => f.Bytes) + pool.Except(d.Discard).Sum(f => f.Bytes) <= kib << 10);
            Assert.All(d.Keep, f => Assert.True(f.Bytes >= RecycledSpace.Smallest));
            if (retired.Length > 0 && retired.MaxBy(f => f.Step) is { } newest && newest.Bytes >= RecycledSpace.Smallest && newest.Bytes <= kib << 10)
            {
                Assert.Contains(newest, d.Keep);
            }
        },
        iter: 2000);

    [Fact]
    public void A_spare_is_tried_when_it_is_at_least_half_and_at_most_twice_as_large_the_nearest_first()
    {
        StoredFile[] pool = [new("a", 1, 100 << 10), new("b", 1, 200 << 10), new("c", 1, 390 << 10), new("d", 1, 500 << 10), new("e", 1, 90 << 10)];
        Assert.Equal(["b", "a", "c"], RecycledSpace.Candidates(pool, 200 << 10).Select(f => f.File));
        Assert.Empty(RecycledSpace.Candidates(pool, 10));
    }

    [Fact]
    public void Files_of_a_dropped_manifest_are_retired_and_orphans_are_deleted_for_their_writer_may_live()
    {
        RetentionDecision d = RetentionRules.Decide(
            new RetentionRequest(new RetentionPolicy(1), 0),
            new RetentionState(
                [(10, ["step-00000010/a", "step-00000010/small"]), (20, ["step-00000020/a"])],
                [],
                [new("step-00000010/a", 10, 1 << 20), new("step-00000010/small", 10, 9), new("step-00000015/orphan", 15, 1 << 20), new("step-00000020/a", 20, 1 << 20)],
                [("step-00000010", 10)])
            { Spares = [new("spare/old", 5, 1 << 20)] });
        Assert.Equal(["step-00000010/a"], d.Retire);
        Assert.Equal(["step-00000010/a", "step-00000010/small", "step-00000015/orphan"], d.Delete);
        Assert.Equal(["spare/old"], d.Discard);
    }

    [Fact]
    public void The_next_checkpoint_is_written_over_the_retired_one_and_reads_back_whole()
    {
        using var folder = new TemporaryFolder();
        using var state = new SpareState();
        var store = new CheckpointStore(folder.Path);
        state.Publish(folder.Path, 10, PosixFiles.Instance);
        state.Publish(folder.Path, 20, PosixFiles.Instance);
        store.Retain(new RetentionRequest(new RetentionPolicy(1), 0));
        Assert.Equal(["step-00000010.a.safetensors", "step-00000010.b.safetensors"], Spares(folder));
        state.Publish(folder.Path, 30, PosixFiles.Instance);
        Assert.Empty(Spares(folder));
        Assert.Empty(store.Verify(30, TestContext.Current.CancellationToken));
        Assert.Empty(store.Verify(20, TestContext.Current.CancellationToken));
    }

    [Fact]
    public void A_reader_that_opened_a_file_before_it_was_retired_reads_what_it_opened()
    {
        using var folder = new TemporaryFolder();
        using var state = new SpareState();
        var store = new CheckpointStore(folder.Path);
        Manifest ten = state.Publish(folder.Path, 10, PosixFiles.Instance);
        state.Publish(folder.Path, 20, PosixFiles.Instance);
        using var reader = new CheckpointReader(folder.Path, ten);
        state.Read(reader, file: 0);
        store.Retain(new RetentionRequest(new RetentionPolicy(1), 0));
        state.Publish(folder.Path, 30, PosixFiles.Instance);
        state.Read(reader, file: 0);  // throws where its bytes are not those of step 10
        Assert.Empty(Spares(folder)); // the file that was being read is deleted, the other one overwritten
        Assert.Empty(store.Verify(30, TestContext.Current.CancellationToken));
        Assert.Throws<CheckpointException>(() => state.Read(reader, file: 1)); // it was never opened, and has gone
    }

    [Fact]
    public void Spares_that_do_not_fit_make_room_on_a_full_disk()
    {
        using var folder = new TemporaryFolder();
        using var state = new SpareState();
        string spare = Path.Combine(Directory.CreateDirectory(Path.Combine(folder.Path, "spare")).FullName, "step-00000001.a");
        File.WriteAllBytes(spare, new byte[RecycledSpace.Smallest * 8]);
        state.Publish(folder.Path, 10, new FullDisk(spare));
        Assert.Empty(Spares(folder));
        Assert.Empty(new CheckpointStore(folder.Path).Verify(10, TestContext.Current.CancellationToken));
    }

    [Fact]
    public void A_spare_that_is_a_link_or_a_second_name_of_another_file_is_not_written_over()
    {
        using var folder = new TemporaryFolder();
        using var state = new SpareState();
        string mine = Path.Combine(folder.Path, "mine"), spares = Directory.CreateDirectory(Path.Combine(folder.Path, "spare")).FullName;
        byte[] content = new byte[17 << 12];
        Array.Fill(content, (byte)7);
        File.WriteAllBytes(mine, content);
        File.CreateSymbolicLink(Path.Combine(spares, "step-00000001.a"), mine);
        using (Process link = Process.Start("ln", [mine, Path.Combine(spares, "step-00000001.b")]))
        {
            link.WaitForExit();
        }

        state.Publish(folder.Path, 10, PosixFiles.Instance);
        Assert.Empty(new CheckpointStore(folder.Path).Verify(10, TestContext.Current.CancellationToken));
        Assert.Equal(content, File.ReadAllBytes(mine));
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void A_crash_anywhere_between_retiring_and_publishing_leaves_every_manifest_whole(bool loseNames, bool loseContents)
    {
        using var state = new SpareState();
        bool reused = false;
        for (int survive = 0, crashes = 1; crashes > 0; survive++)
        {
            using var folder = new TemporaryFolder();
            state.Publish(folder.Path, 10, QuickFiles.Instance);
            state.Publish(folder.Path, 20, QuickFiles.Instance);
            crashes = 0;
            var files = new CrashingFiles(survive);
            try
            {
                // Retention while the next step is in writing: no later sync of the root makes the manifests' end durable for it.
                var retaining = new CheckpointStore(folder.Path, files);
                state.Publish(folder.Path, 30, files, begun: () => retaining.Retain(new RetentionRequest(new RetentionPolicy(1), 0)));
            }
            catch (SimulatedCrashException)
            {
                crashes = 1;
            }

            reused |= files.Operations.Any(o => o.StartsWith("reuse", StringComparison.Ordinal));
            files.LosePower(loseNames, loseContents);
            var store = new CheckpointStore(folder.Path, QuickFiles.Instance);
            CheckpointListing listing = store.List();
            Assert.Empty(listing.Broken);
            Assert.Contains(20L, listing.Valid.Select(m => m.Step));
            Assert.All(listing.Valid, m => Assert.Empty(store.Verify(m.Step, TestContext.Current.CancellationToken)));
        }

        Assert.True(reused);
    }

    /// <summary>No room for shard files while <paramref name="spare"/> is there.</summary>
    private sealed class FullDisk(string spare) : IFileOperations
    {
        public void CreateFolder(string path) => QuickFiles.Instance.CreateFolder(path);

        public IWritableFile Create(string path, long length) => File.Exists(spare) ? throw new IOException($"{path}: no space left on the disk") : QuickFiles.Instance.Create(path, length);

        public IWritableFile? Reuse(string spare, string path, long length) => throw new NotSupportedException();

        public void Rename(string from, string to) => QuickFiles.Instance.Rename(from, to);

        public bool SyncFolder(string path) => QuickFiles.Instance.SyncFolder(path);

        public void DeleteFile(string path) => QuickFiles.Instance.DeleteFile(path);

        public void DeleteFolder(string path) => QuickFiles.Instance.DeleteFolder(path);
    }

    private static IEnumerable<string?> Spares(TemporaryFolder folder) => Directory.GetFiles(Path.Combine(folder.Path, "spare")).Select(Path.GetFileName).Order(StringComparer.Ordinal);
}
