using MoeActors.Compute.Checkpoints;
using MoeActors.Compute.Checkpoints.Files;
using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Checkpoints.Retention;
using MoeActors.Compute.Checkpoints.Storage;

namespace MoeActors.Compute.Tests.Checkpoints.Storage;

/// <summary>What every place for checkpoints promises, whatever it is made of. One place per test.</summary>
public abstract class StorageContract : IDisposable
{
    private ICheckpointStorage? storage;

    /// <summary>The place of this test.</summary>
    protected ICheckpointStorage Storage => storage ??= Open();

    /// <summary>A place with nothing in it.</summary>
    protected abstract ICheckpointStorage Open();

    public virtual void Dispose() => GC.SuppressFinalize(this);

    [Fact]
    public void What_was_written_is_there_in_full_length_and_in_every_range()
    {
        byte[] content = Noise(300_007);
        Write("step-00000001/a.safetensors", content);
        using IStoredFile file = Storage.Open("step-00000001/a.safetensors")!;
        Assert.Equal(content.Length, file.Bytes);
        foreach ((int offset, int count) in new[] { (0, content.Length), (0, 1), (content.Length - 1, 1), (100_000, 150_001), (65_536, 65_536) })
        {
            using IRangeReader range = file.Range(offset, count);
            Assert.Equal(content[offset..(offset + count)], All(range, count + 10));
        }

        Assert.Equal(new StoredObject("step-00000001/a.safetensors", content.Length), Assert.Single(Storage.List("step-00000001")));
        Assert.Equal(content, Storage.Read("step-00000001/a.safetensors")!.Content);
    }

    [Fact]
    public void A_range_past_the_end_ends_with_the_object()
    {
        Write("step-00000001/a", Noise(100));
        using IStoredFile file = Storage.Open("step-00000001/a")!;
        using IRangeReader range = file.Range(200, 50);
        Assert.Empty(All(range, 50));
    }

    [Fact]
    public void What_is_not_there_is_null_and_deleting_it_changes_nothing()
    {
        Storage.CreateFolder("");
        Assert.Null(Storage.Open("step-00000001/a"));
        Assert.Null(Storage.Read("fence.json"));
        Assert.Empty(Storage.List(""));
        Assert.Empty(Storage.List("step-00000001"));
        Assert.Empty(Storage.Folders());
        Storage.Delete("step-00000001/a");
        Storage.DeleteFolder("step-00000001");
    }

    [Fact]
    public void The_root_lists_its_objects_a_folder_all_below_it_and_an_empty_one_is_gone()
    {
        foreach (string name in new[] { "step-00000001/a", "step-00000001/b", "step-00000001/c", "step-00000001/d", "step-00000002/a", "step-00000001-7/a" })
        {
            Write(name, Noise(10));
        }

        foreach (string name in new[] { "x.manifest.json", "y.manifest.json", "z.manifest.json", "fence.json" })
        {
            Put(name, "{}"u8, PutCondition.New);
        }

        Assert.Equal(["fence.json", "x.manifest.json", "y.manifest.json", "z.manifest.json"], Names(""));
        Assert.Equal(["step-00000001/a", "step-00000001/b", "step-00000001/c", "step-00000001/d"], Names("step-00000001"));
        Assert.Equal(["step-00000001", "step-00000001-7", "step-00000002"], Storage.Folders().Order(StringComparer.Ordinal));
        Storage.Delete("step-00000002/a");
        Storage.DeleteFolder("step-00000002");
        Storage.DeleteFolder("step-00000001");
        Assert.Equal(["step-00000001", "step-00000001-7"], Storage.Folders().Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_put_happens_under_its_condition_or_not_at_all()
    {
        Storage.CreateFolder("");
        Assert.True(Put("fence.json", "one"u8, PutCondition.New));
        SmallObject one = Storage.Read("fence.json")!;
        Assert.Throws<PutConflictException>(() => Put("fence.json", "two"u8, PutCondition.New));
        Assert.Equal("one"u8, Storage.Read("fence.json")!.Content);
        Put("fence.json", "two"u8, PutCondition.Replaces(one.Tag));
        Assert.Throws<PutConflictException>(() => Put("fence.json", "three"u8, PutCondition.Replaces(one.Tag)));
        Assert.Equal("two"u8, Storage.Read("fence.json")!.Content);
        Assert.Throws<PutConflictException>(() => Put("other.json", "three"u8, PutCondition.Replaces(one.Tag)));
        Assert.Null(Storage.Read("other.json"));
        Storage.DeleteIf("fence.json", one.Tag);
        Assert.Equal("two"u8, Storage.Read("fence.json")!.Content);
        Storage.DeleteIf("fence.json", Storage.Read("fence.json")!.Tag);
        Assert.Null(Storage.Read("fence.json"));
    }

    [Fact]
    public void An_object_written_again_is_the_new_one()
    {
        Write("step-00000001/a", Noise(200_000));
        byte[] content = Noise(100);
        Write("step-00000001/a", content);
        Assert.Equal(content, Storage.Read("step-00000001/a")!.Content);
    }

    [Fact]
    public void A_checkpoint_is_published_found_verified_and_read_back()
    {
        using var state = new SampleState(1);
        var store = new CheckpointStore(Storage);
        PublishResult published = store.Publish(state.Write(Storage, 50, shards: 3), SampleState.Expected);
        Assert.False(published.Already);
        Assert.Null(published.Warning);
        Assert.True(store.Publish(store.Open(50), SampleState.Expected).Already);
        Assert.Empty(store.Verify(50, TestContext.Current.CancellationToken));
        Manifest manifest = store.Newest()!;
        using var reader = new CheckpointReader(Storage, manifest);
        foreach ((string tensor, string slot) in reader.Tensors())
        {
            byte[] read = Read(reader, tensor, slot);
            Assert.True(state.Bytes(tensor, slot).SequenceEqual(read), $"{tensor}@{slot}");
        }
    }

    [Fact]
    public void A_turned_bit_is_found_and_named_and_never_restored()
    {
        using var state = new SampleState(1);
        var store = new CheckpointStore(Storage);
        Manifest manifest = state.Write(Storage, 50, shards: 2);
        store.Publish(manifest, SampleState.Expected);
        CheckpointEntry hit = manifest.Entries[5];
        byte[] content = Storage.Read(hit.File)!.Content;
        content[hit.Offset + 1] ^= 4;
        Write(hit.File, content);
        CheckpointProblem problem = Assert.Single(store.Verify(50, TestContext.Current.CancellationToken));
        Assert.Equal((hit.File, hit.Name), (problem.File, problem.Tensor));
        using var reader = new CheckpointReader(Storage, manifest);
        string message = Assert.Throws<CheckpointException>(() => Read(reader, hit.Tensor, hit.Slot)).Message;
        Assert.StartsWith(Storage.Describe(hit.File), message, StringComparison.Ordinal);
        Storage.Delete(hit.File);
        Assert.Contains("missing", Assert.Single(store.Verify(50, TestContext.Current.CancellationToken)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_fence_shuts_out_an_older_token_and_is_not_lowered()
    {
        using var state = new SampleState(1);
        var store = new CheckpointStore(Storage);
        Assert.Equal(0, store.Fence());
        store.RaiseFence(8);
        store.RaiseFence(8);
        Assert.Equal(8, store.Fence());
        Manifest old = state.Write(Storage, 7, 1, token: 7);
        Assert.Contains("fenced at token 8", Assert.Throws<CheckpointException>(() => store.Publish(old, SampleState.Expected)).Message, StringComparison.Ordinal);
        Assert.Throws<CheckpointException>(() => store.RaiseFence(7));
        Assert.Throws<CheckpointException>(() => store.Retain(new RetentionRequest(new RetentionPolicy(1), 7)));
        Assert.Null(store.Newest());
        store.Publish(state.Write(Storage, 7, 1, token: 9), SampleState.Expected);
        Assert.Equal(7, store.Newest()!.Step);
    }

    [Fact]
    public void A_step_written_again_by_a_newer_coordinator_replaces_the_older_manifest()
    {
        using var state = new SampleState(1);
        var store = new CheckpointStore(Storage);
        Manifest first = state.Write(Storage, 7, 2, token: 3);
        store.Publish(first, SampleState.Expected);
        Assert.Contains("another attempt", Assert.Throws<CheckpointException>(() => store.Begin(7)).Message, StringComparison.Ordinal);
        store.Publish(state.Write(Storage, 7, 1, token: 4, attempt: 4), SampleState.Expected);
        Assert.Equal("step-00000007-4/shard-0.safetensors", Assert.Single(store.Newest()!.Files).File);
        Assert.Contains("fencing token 4", Assert.Throws<CheckpointException>(() => store.Publish(first, SampleState.Expected)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Retention_keeps_the_newest_and_leaves_nothing_behind_of_the_others()
    {
        using var state = new SampleState(1);
        var store = new CheckpointStore(Storage);
        store.RaiseFence(1);
        foreach (long step in new[] { 10, 20, 30, 40 })
        {
            Manifest manifest = state.Write(Storage, step, 2, token: 1);
            if (step != 20)
            {
                store.Publish(manifest, SampleState.Expected);
            }
        }

        var request = new RetentionRequest(new RetentionPolicy(2), 1);
        RetentionDecision planned = store.PlanRetention(request);
        RetentionResult result = store.Retain(request);
        Assert.Empty(result.Failures);
        Assert.Equal(planned.Delete.Order(), result.Decision.Delete.Order());
        Assert.Equal([40L, 30L], result.Decision.Keep);
        Assert.Equal([10L], result.Decision.Drop);
        Assert.Equal(["fence.json", "step-00000030.manifest.json", "step-00000040.manifest.json"], Names("").Where(n => n != ".lock"));
        Assert.Equal(["step-00000030", "step-00000040"], Storage.Folders().Order(StringComparer.Ordinal));
        Assert.Empty(store.Verify(30, TestContext.Current.CancellationToken));
    }

    [Fact]
    public void Of_many_publishers_at_once_each_step_stands_once_and_whole()
    {
        using var state = new SampleState(1);
        Manifest[] manifests = [.. Enumerable.Range(1, 3).Select(i => state.Write(Storage, i, 1))];
        Parallel.ForEach(manifests.Concat(manifests), m => new CheckpointStore(Storage).Publish(m, SampleState.Expected));
        CheckpointListing listing = new CheckpointStore(Storage).List();
        Assert.Equal([3L, 2L, 1L], listing.Valid.Select(m => m.Step));
        Assert.Empty(listing.Broken);
    }

    [Fact]
    public void A_cancelled_write_leaves_nothing()
    {
        using var state = new SampleState(1);
        Storage.CreateFolder("step-00000001");
        using var stop = new CancellationTokenSource();
        stop.Cancel();
        Assert.Throws<OperationCanceledException>(() =>
            new ShardFileWriter(Storage).Write("step-00000001/a.safetensors", "run-a", 1, state.Pieces((_, _, _) => []), stop.Token));
        Assert.Empty(Storage.List("step-00000001"));
    }

    private protected void Write(string name, byte[] content)
    {
        Storage.CreateFolder(CheckpointPaths.FolderOf(name));
        using (IWritableFile file = Storage.Create(name, content.Length))
        {
            for (int at = 0; at < content.Length; at += 70_000)
            {
                file.Append(content.AsSpan(at, Math.Min(70_000, content.Length - at)));
            }

            file.Sync();
        }

        Storage.SyncFolder(CheckpointPaths.FolderOf(name));
    }

    private protected static byte[] Noise(int bytes)
    {
        byte[] noise = new byte[bytes];
        new Random(bytes).NextBytes(noise);
        return noise;
    }

    private static unsafe byte[] Read(CheckpointReader reader, string tensor, string slot)
    {
        CheckpointEntry any = reader.Pieces(tensor, slot)[0];
        byte[] bytes = new byte[ElementTypes.Count(any.Shape) * ElementTypes.Size(any.Dtype)];
        fixed (byte* p = bytes)
        {
            reader.ReadRange(tensor, slot, 0, ElementTypes.Count(any.Shape), (nint)p);
        }

        return bytes;
    }

    private static byte[] All(IRangeReader range, int most)
    {
        byte[] all = new byte[most];
        int filled = 0;
        for (int n; (n = range.Read(all.AsSpan(filled))) > 0;)
        {
            filled += n;
        }

        return all[..filled];
    }

    private bool Put(string name, ReadOnlySpan<byte> content, PutCondition condition)
    {
        using IDisposable held = Storage.Exclusive();
        return Storage.Put(name, content, condition);
    }

    private IEnumerable<string> Names(string folder) => Storage.List(folder).Select(f => f.Name).Where(n => n != ".lock").Order(StringComparer.Ordinal);
}
