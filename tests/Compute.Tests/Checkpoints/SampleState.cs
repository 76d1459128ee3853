using System.Runtime.InteropServices;
using System.Text.Json;
using MoeActors.Compute.Checkpoints;
using MoeActors.Compute.Checkpoints.Files;
using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Checkpoints.Storage;

namespace MoeActors.Compute.Tests.Checkpoints;

/// <summary>A small model's state in native memory, written in any tiling: two dense tensors, two experts of one layer, slots master, m, v and bf16 weights.</summary>
internal sealed unsafe class SampleState : IDisposable
{
    public static readonly RunIdentity Identity = new("run-a", "lineage-a", "model-a", "bytes", "corpus-a");

    private static readonly (string Name, int Layer, int Expert, long[] Shape)[] Tensors =
    [
        ("embed", -1, -1, [7, 16]),
        ("layers.0.gate", 0, -1, [2, 16]),
        ("layers.0.experts.0.w1", 0, 0, [8, 16]),
        ("layers.0.experts.1.w1", 0, 1, [8, 16]),
        ("final_norm", -1, -1, [5]),
    ];

    private readonly Dictionary<(string Tensor, string Slot), nint> memory = [];

    public SampleState(int seed)
    {
        var random = new Random(seed);
        foreach ((string name, _, _, long[] shape) in Tensors)
        {
            foreach (string slot in SlotNames)
            {
                int bytes = (int)ElementTypes.Count(shape) * ElementTypes.Size(Dtype(slot));
                nint pointer = (nint)NativeMemory.AlignedAlloc((nuint)bytes, 64);
                random.NextBytes(new Span<byte>((void*)pointer, bytes));
                memory[(name, slot)] = pointer;
            }
        }
    }

    public static string[] SlotNames { get; } = [Slots.Weights, Slots.Master, Slots.First, Slots.Second];

    public static IReadOnlyList<ExpectedTensor> Expected { get; } = [.. Tensors.Select(t => new ExpectedTensor(t.Name, t.Layer, t.Expert, t.Shape, SlotNames))];

    public static string Dtype(string slot) => slot == Slots.Weights ? ElementTypes.BF16 : ElementTypes.F32;

    public nint this[string tensor, string slot] => memory[(tensor, slot)];

    public ReadOnlySpan<byte> Bytes(string tensor, string slot) =>
        new((void*)memory[(tensor, slot)], (int)ElementTypes.Count(Tensors.First(t => t.Name == tensor).Shape) * ElementTypes.Size(Dtype(slot)));

    /// <summary>The state's pieces, cut at <paramref name="cut"/>(tensor, slot, elements) (ascending, strictly inside).</summary>
    public List<ShardTensor> Pieces(Func<string, string, long, IEnumerable<long>> cut)
    {
        var pieces = new List<ShardTensor>();
        foreach ((string name, int layer, int expert, long[] shape) in Tensors)
        {
            long total = ElementTypes.Count(shape);
            foreach (string slot in SlotNames)
            {
                long begin = 0, size = ElementTypes.Size(Dtype(slot));
                foreach (long end in cut(name, slot, total).Append(total))
                {
                    pieces.Add(new(name, slot, layer, expert, shape, Dtype(slot), begin, end - begin, memory[(name, slot)] + (nint)(begin * size), (end - begin) * size));
                    begin = end;
                }
            }
        }

        return pieces;
    }

    /// <summary>Writes the pieces over <paramref name="shards"/> files and gives the manifest, unpublished.</summary>
    public Manifest Write(string root, long step, int shards, Func<string, string, long, IEnumerable<long>>? cut = null, long token = 0, long attempt = 0, IFileOperations? files = null) =>
        Write(new FolderStorage(root, files ?? QuickFiles.Instance), step, shards, cut, token, attempt);

    /// <summary>The same to any storage; <paramref name="sequence"/>: as a run does, a file being made durable while the next one is written.</summary>
    public Manifest Write(
        ICheckpointStorage storage, long step, int shards, Func<string, string, long, IEnumerable<long>>? cut = null, long token = 0, long attempt = 0, bool sequence = false)
    {
        string folder = new CheckpointStore(storage).Begin(step, attempt);
        List<ShardTensor> pieces = Pieces(cut ?? ((_, _, n) => [n / 3]));
        var writer = new ShardFileWriter(storage);
        using var files = new ShardFileSequence(writer);
        List<ShardFileResult> written = [];
        for (int i = 0; i < shards; i++)
        {
            (string file, ShardTensor[] part) = ($"{folder}/shard-{i}.safetensors", [.. pieces.Where((_, p) => p % shards == i)]);
            if (sequence)
            {
                files.Write(file, "run-a", step, part);
            }
            else
            {
                written.Add(writer.Write(file, "run-a", step, part));
            }
        }

        written.AddRange(files.Finish());
        return Describe(step, token, [.. written.Select(w => w.File)], [.. written.SelectMany(w => w.Entries)]);
    }

    public static Manifest Describe(long step, long token, IReadOnlyList<CheckpointFile> files, IReadOnlyList<CheckpointEntry> entries) => new()
    {
        Identity = Identity,
        Step = step,
        Epoch = 3,
        FencingToken = token,
        CreatedAt = new DateTimeOffset(2024, 5, 6, 7, 8, 9, TimeSpan.Zero),
        Seed = 11,
        Units = new Dictionary<string, long> { ["dense"] = step, ["layers.0.experts.0"] = step, ["layers.0.experts.1"] = step },
        Ledger = JsonDocument.Parse($$"""{"contributed":{{step * 4}},"recomputed":0,"share":0.10}""").RootElement,
        Files = files,
        Entries = entries,
    };

    public void Dispose()
    {
        foreach (nint pointer in memory.Values)
        {
            NativeMemory.AlignedFree((void*)pointer);
        }
    }
}
