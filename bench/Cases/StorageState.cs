using System.Runtime.InteropServices;
using System.Text.Json;
using MoeActors.Compute.Checkpoints.Files;
using MoeActors.Compute.Checkpoints.Format;

namespace MoeActors.Bench.Cases;

/// <summary>State as a checkpoint stores it, in native memory: files of tensors of 4 MiB in three slots, one after the other in memory, on pages as snapshots are; restored to 64-byte lines as torch lays live tensors.</summary>
internal sealed unsafe class StorageState : IDisposable
{
    private const int FileCount = 10, TensorBytes = 4 << 20;
    private static readonly string[] SlotNames = [Slots.Master, Slots.First, Slots.Second];
    private readonly byte* source, target;

    public StorageState(long bytes)
    {
        TensorsPerFile = (int)Math.Max(1, bytes / FileCount / TensorBytes / SlotNames.Length);
        source = (byte*)NativeMemory.AlignedAlloc((nuint)Bytes + 4096, 4096);
        target = (byte*)NativeMemory.AlignedAlloc((nuint)Bytes + 4096, 4096) + 64;
        var random = new Random(1);
        for (long done = 0; done < Bytes; done += TensorBytes)
        {
            random.NextBytes(new Span<byte>(source + done, TensorBytes));
        }

        new Span<byte>(target - 64, 4096).Clear();
        NativeMemory.Clear(target, (nuint)Bytes);
    }

    /// <summary>Bytes of a file's tensors.</summary>
    public long FileBytes => (long)TensorsPerFile * SlotNames.Length * TensorBytes;

    public long Bytes => FileBytes * FileCount;

    public static int Files => FileCount;

    private int TensorsPerFile { get; }

    /// <summary>Page-aligned memory of a file, for plain writes.</summary>
    public nint Source(int file) => (nint)source + (nint)(file * FileBytes);

    /// <summary>Page-aligned memory of a file, for plain reads.</summary>
    public nint Target(int file) => (nint)(target - 64) + (nint)(file * FileBytes);

    /// <summary>Where a tensor is read to.</summary>
    public nint Target(CheckpointEntry entry)
    {
        string[] parts = entry.Tensor.Split('.');
        return (nint)(target + Offset(int.Parse(parts[0]), Array.IndexOf(SlotNames, entry.Slot), int.Parse(parts[1])));
    }

    public IReadOnlyList<ShardTensor> Tensors(int file) =>
        [.. from slot in Enumerable.Range(0, SlotNames.Length)
            from tensor in Enumerable.Range(0, TensorsPerFile)
            select new ShardTensor(
                $"{file}.{tensor}", SlotNames[slot], -1, -1, [TensorBytes / 4], ElementTypes.F32, 0, TensorBytes / 4,
                (nint)(source + Offset(file, slot, tensor)), TensorBytes)];

    public IEnumerable<ExpectedTensor> Expected() =>
        from file in Enumerable.Range(0, FileCount)
        from tensor in Enumerable.Range(0, TensorsPerFile)
        select new ExpectedTensor($"{file}.{tensor}", -1, -1, [TensorBytes / 4], SlotNames);

    public static Manifest Describe(long step, IReadOnlyList<ShardFileResult> written) => new()
    {
        Identity = new RunIdentity("storage", "storage", "storage", "bytes", "storage"),
        Step = step,
        Epoch = 1,
        FencingToken = 0,
        CreatedAt = DateTimeOffset.UnixEpoch,
        Seed = 1,
        Units = new Dictionary<string, long> { ["dense"] = step },
        Ledger = JsonDocument.Parse("{}").RootElement,
        Files = [.. written.Select(w => w.File)],
        Entries = [.. written.SelectMany(w => w.Entries)],
    };

    public bool Same() => new Span<byte>(source, (int)Math.Min(Bytes, int.MaxValue)).SequenceEqual(new Span<byte>(target, (int)Math.Min(Bytes, int.MaxValue)));

    public void Dispose()
    {
        NativeMemory.AlignedFree(source);
        NativeMemory.AlignedFree(target - 64);
    }

    private long Offset(int file, int slot, int tensor) => (file * FileBytes) + ((((long)slot * TensorsPerFile) + tensor) * TensorBytes);
}
