using System.Runtime.InteropServices;
using MoeActors.Compute.Checkpoints;
using MoeActors.Compute.Checkpoints.Files;
using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Checkpoints.Retention;
using MoeActors.Compute.Checkpoints.Storage;

namespace MoeActors.Compute.Tests.Checkpoints;

public sealed unsafe class RoundTripTests
{
    [Fact]
    public void What_was_written_in_three_shards_is_read_back_in_every_range()
    {
        using var folder = new TemporaryFolder();
        using var state = new SampleState(1);
        var store = new CheckpointStore(folder.Path);
        PublishResult published = store.Publish(state.Write(folder.Path, 50, shards: 3, files: PosixFiles.Instance), SampleState.Expected);
        Assert.False(published.Already);
        Assert.Null(published.Warning);

        Manifest manifest = store.Open(50, SampleState.Identity);
        using var reader = new CheckpointReader(folder.Path, manifest);
        byte* buffer = stackalloc byte[4096];
        foreach ((string tensor, string slot) in reader.Tensors())
        {
            ReadOnlySpan<byte> all = state.Bytes(tensor, slot);
            int size = ElementTypes.Size(SampleState.Dtype(slot)), total = all.Length / size;
            for (int begin = 0; begin < total; begin += 3)
            {
                for (int end = begin + 1; end <= total; end += 5)
                {
                    reader.ReadRange(tensor, slot, begin, end - begin, (nint)buffer);
                    Assert.True(all[(begin * size)..(end * size)].SequenceEqual(new Span<byte>(buffer, (end - begin) * size)), $"{tensor}@{slot}[{begin}:{end}]");
                }
            }
        }
    }

    [Fact]
    public void A_manifest_comes_back_as_it_was()
    {
        using var folder = new TemporaryFolder();
        using var state = new SampleState(1);
        Manifest written = state.Write(folder.Path, 50, shards: 2, token: 4);
        var store = new CheckpointStore(folder.Path);
        store.Publish(written, SampleState.Expected);
        Manifest read = store.Newest()!;
        Assert.Equal(Convert.ToHexString(ManifestFormat.Write(written)), Convert.ToHexString(ManifestFormat.Write(read)));
        Assert.Equal((50L, 3L, 4L, 11L, "full"), (read.Step, read.Epoch, read.FencingToken, read.Seed, read.Kind));
        Assert.Equal(written.CreatedAt, read.CreatedAt);
        Assert.Equal(SampleState.Identity, read.Identity);
        Assert.Equal(200, read.Ledger.GetProperty("contributed").GetInt64());
        Assert.Equal(written.Entries.Count, read.Entries.Count);
        Assert.Equal(50, read.Units["layers.0.experts.1"]);
    }

    [Fact]
    public void A_file_over_several_pieces_of_odd_length_is_stored_whole()
    {
        // 9 MiB and a bit: several direct writes, several hashing pieces, a tail that is no whole block.
        const long count = ((9L << 20) / 4) + 7;
        using var folder = new TemporaryFolder();
        float* memory = (float*)NativeMemory.AlignedAlloc((nuint)count * 4, 64), back = (float*)NativeMemory.AlignedAlloc((nuint)count * 4, 64);
        try
        {
            for (long i = 0; i < count; i++)
            {
                memory[i] = i;
            }

            Directory.CreateDirectory(Path.Combine(folder.Path, "step-00000001"));
            ShardFileResult result = new ShardFileWriter(folder.Path).Write(
                "step-00000001/a.safetensors", "run-a", 1, [new("t", Slots.Master, -1, -1, [count], ElementTypes.F32, 0, count, (nint)memory, count * 4)], TestContext.Current.CancellationToken);
            Assert.Equal(result.Bytes, new FileInfo(Path.Combine(folder.Path, result.File.File)).Length);
            Assert.True(result.FolderSynced);
            using var reader = new CheckpointReader(folder.Path, SampleState.Describe(1, 0, [result.File], result.Entries));
            reader.ReadInto(result.Entries[0], (nint)back);
            for (long i = 0; i < count; i++)
            {
                Assert.Equal(memory[i], back[i]);
            }

            new Span<float>(back, (int)count).Fill(-1);
            reader.ReadRange("t", Slots.Master, 300_000, 1_500_001, (nint)back);
            Assert.Equal((300_000f, 1_800_000f, -1f), (back[0], back[1_500_000], back[1_500_001]));
        }
        finally
        {
            NativeMemory.AlignedFree(memory);
            NativeMemory.AlignedFree(back);
        }
    }

    [Fact]
    public void Ranges_that_are_not_stored_are_named()
    {
        using var folder = new TemporaryFolder();
        using var state = new SampleState(1);
        Manifest manifest = state.Write(folder.Path, 5, shards: 1);
        using var reader = new CheckpointReader(folder.Path, manifest with { Entries = [.. manifest.Entries.Skip(1)] });
        byte* buffer = stackalloc byte[4096];
        Assert.Contains("embed@weights: elements [0:112]", Assert.Throws<CheckpointException>(() => reader.ReadRange("embed", Slots.Weights, 0, 112, (nint)buffer)).Message);
        Assert.Contains("embed@master: elements [112:113]", Assert.Throws<CheckpointException>(() => reader.ReadRange("embed", Slots.Master, 0, 113, (nint)buffer)).Message);
        Assert.Contains("head@master", Assert.Throws<CheckpointException>(() => reader.ReadRange("head", Slots.Master, 0, 1, (nint)buffer)).Message);
    }

    [Fact]
    public void A_cancelled_write_leaves_no_file()
    {
        using var folder = new TemporaryFolder();
        using var state = new SampleState(1);
        Directory.CreateDirectory(Path.Combine(folder.Path, "step-00000001"));
        Assert.Throws<OperationCanceledException>(() => new ShardFileWriter(folder.Path)
            .Write("step-00000001/a.safetensors", "run-a", 1, state.Pieces((_, _, _) => []), new CancellationToken(canceled: true)));
        Assert.Empty(Directory.EnumerateFiles(folder.Path, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public void A_disk_that_fills_up_while_another_thread_writes_is_one_sentence_and_leaves_no_file()
    {
        const long count = 8 << 20; // many writes behind the hashing
        using var folder = new TemporaryFolder();
        void* memory = NativeMemory.AllocZeroed((nuint)count * 4);
        try
        {
            Directory.CreateDirectory(Path.Combine(folder.Path, "step-00000001"));
            var e = Assert.Throws<CheckpointException>(() => new ShardFileWriter(folder.Path, new FullFiles()).Write(
                "step-00000001/a.safetensors", "run-a", 1, [new("t", Slots.Master, -1, -1, [count], ElementTypes.F32, 0, count, (nint)memory, count * 4)], TestContext.Current.CancellationToken));
            Assert.Contains("no space left on the disk", e.Message);
            Assert.Empty(Directory.EnumerateFiles(folder.Path, "*", SearchOption.AllDirectories));
        }
        finally
        {
            NativeMemory.Free(memory);
        }
    }

    [Fact]
    public void A_folder_that_cannot_be_written_is_one_sentence_with_the_remedy()
    {
        using var folder = new TemporaryFolder();
        using var state = new SampleState(1);
        var e = Assert.Throws<CheckpointException>(() => new ShardFileWriter(folder.Path)
            .Write("step-00000001/a.safetensors", "run-a", 1, state.Pieces((_, _, _) => []), TestContext.Current.CancellationToken));
        Assert.Contains("step-00000001/a.safetensors", e.Message);
        Assert.Contains("make the run directory readable and writable", e.Message);
    }
}
