using System.Runtime.InteropServices;
using MoeActors.Compute.Checkpoints;
using MoeActors.Compute.Checkpoints.Files;
using MoeActors.Compute.Checkpoints.Format;

namespace MoeActors.Compute.Tests.Checkpoints;

/// <summary>Large tensors on pages are written from where they lie, and read past the page cache: bytes, checksums and order of the file are as of any other.</summary>
public sealed unsafe class BorrowedMemoryTests : IDisposable
{
    private const int Page = 4096;
    private readonly byte* memory = (byte*)NativeMemory.AlignedAlloc((nuint)Bytes, Page);

    public BorrowedMemoryTests() => new Random(1).NextBytes(new Span<byte>(memory, Bytes));

    private static int Bytes => 24 << 20;

    [Fact]
    public void A_file_of_borrowed_and_of_copied_tensors_restores_to_the_same_bytes()
    {
        using var folder = new TemporaryFolder();
        ShardTensor[] tensors =
        [
            Piece("borrowed", 0, 9 << 20), Piece("not-on-a-page", (9 << 20) + 64, 5 << 20), Piece("no-whole-pages", 15 << 20, (2 << 20) + 128), Piece("small", 18 << 20, 12), Piece("borrowed-too", 19 << 20, 4 << 20),
        ];
        var store = new CheckpointStore(folder.Path);
        using var files = new ShardFileSequence(new ShardFileWriter(folder.Path));
        string data = store.Begin(1);
        files.Write($"{data}/a.safetensors", "run-a", 1, tensors, null, TestContext.Current.CancellationToken);
        ShardFileResult written = Assert.Single(files.Finish());
        Manifest manifest = SampleState.Describe(1, 0, [written.File], written.Entries);
        store.Publish(manifest, tensors.Select(t => new ExpectedTensor(t.Tensor, -1, -1, t.Shape, [Slots.Master])));

        // In whole pages first: each can be written and read in place.
        Assert.Equal(0, written.File.HeaderBytes % Page);
        Assert.All(written.Entries.Where(e => e.Bytes % Page == 0), e => Assert.Equal(0, e.Offset % Page));
        byte* target = (byte*)NativeMemory.AlignedAlloc((nuint)Bytes, 64);
        using var reader = new CheckpointReader(folder.Path, manifest);
        foreach (ShardTensor t in tensors)
        {
            reader.ReadRange(t.Tensor, Slots.Master, 0, t.Count, (nint)target);
            Assert.True(new Span<byte>(target, (int)t.Bytes).SequenceEqual(new Span<byte>((void*)t.Pointer, (int)t.Bytes)), t.Tensor);
        }

        NativeMemory.AlignedFree(target);
        Assert.Empty(store.Verify(1, TestContext.Current.CancellationToken));
    }

    [Fact]
    public void Memory_is_free_once_and_not_before_the_file_is_durable()
    {
        using var folder = new TemporaryFolder();
        int freed = 0;
        using var files = new ShardFileSequence(new ShardFileWriter(folder.Path));
        string data = new CheckpointStore(folder.Path).Begin(1);
        void Free() => Interlocked.Increment(ref freed);
        files.Write($"{data}/a.safetensors", "run-a", 1, [Piece("a", 0, 8 << 20)], Free, TestContext.Current.CancellationToken);
        files.Finish();
        Assert.Equal(1, freed);

        // A name that cannot be written: free before the exception.
        Assert.Throws<CheckpointException>(() => files.Write("../b.safetensors", "run-a", 1, [Piece("a", 0, 8 << 20)], Free, TestContext.Current.CancellationToken));
        Assert.Equal(2, freed);
    }

    public void Dispose() => NativeMemory.AlignedFree(memory);

    private ShardTensor Piece(string name, int at, int bytes) =>
        new(name, Slots.Master, -1, -1, [bytes / 4], ElementTypes.F32, 0, bytes / 4, (nint)(memory + at), bytes);
}
