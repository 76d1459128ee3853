using System.Buffers.Binary;
using System.Text.Json;

using CsCheck;

using MoeActors.Compute.Checkpoints;
using MoeActors.Compute.Checkpoints.Format;

namespace MoeActors.Compute.Tests.Checkpoints;

/// <summary>Exports, read back by the public format's text alone; and the comparison of two manifests.</summary>
public sealed class ExportTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly SampleState state = new(5);
    private readonly CheckpointStore store;

    public ExportTests() => store = new CheckpointStore(folder.Path, QuickFiles.Instance);

    private string Out => Path.Combine(folder.Path, "out");

    public void Dispose()
    {
        state.Dispose();
        folder.Dispose();
    }

    [Theory]
    [InlineData(Slots.Weights, 4L << 30, 1)]
    [InlineData(Slots.Master, 4L << 30, 1)]
    [InlineData(Slots.Master, 600L, 4)]
    [InlineData(Slots.Master, 1L, 5)]
    public void Tensors_come_out_whole_under_their_own_names_in_files_of_the_size_asked_for(string slot, long most, int count)
    {
        Manifest manifest = Publish(50, shards: 3);
        ExportResult result = Export(manifest, slot, most);
        string[] expected = count == 1 ? ["model.safetensors"] : [.. Enumerable.Range(1, count).Select(i => $"model-{i:D5}-of-{count:D5}.safetensors"), CheckpointExport.IndexName];
        Assert.Equal(expected, result.Files);
        Assert.Equal(expected.Order(StringComparer.Ordinal), Directory.GetFiles(Out).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Dictionary<string, (string File, byte[] Bytes)> read = [];
        foreach (string file in expected.Where(f => f.EndsWith(".safetensors", StringComparison.Ordinal)))
        {
            foreach ((string name, byte[] bytes) in Parse(file, slot))
            {
                read.Add(name, (file, bytes));
            }
        }

        Assert.Equal(SampleState.Expected.Select(t => t.Name).Order(), read.Keys.Order());
        Assert.All(read, t => Assert.True(state.Bytes(t.Key, slot).SequenceEqual(t.Value.Bytes), t.Key));
        if (count > 1)
        {
            using JsonDocument index = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Out, CheckpointExport.IndexName)));
            Assert.Equal(result.Bytes, index.RootElement.GetProperty("metadata").GetProperty("total_size").GetInt64());
            Assert.Equal(
                read.Select(t => (t.Key, t.Value.File)).Order(),
                index.RootElement.GetProperty("weight_map").EnumerateObject().Select(p => (p.Name, p.Value.GetString()!)).Order());
        }
    }

    [Fact]
    public void A_damaged_checkpoint_is_not_exported_and_leaves_no_file()
    {
        Manifest manifest = Publish(50, shards: 2);
        CheckpointEntry hit = manifest.Entries.Last(e => e.Slot == Slots.Master);
        string path = Path.Combine(folder.Path, hit.File);
        byte[] bytes = File.ReadAllBytes(path);
        bytes[hit.Offset] ^= 1;
        File.WriteAllBytes(path, bytes);
        Assert.Contains(hit.Name, Assert.Throws<CheckpointException>(() => Export(manifest, Slots.Master, 600)).Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(Out));
    }

    [Fact]
    public void A_folder_that_holds_an_export_and_a_slot_that_is_not_there_are_refused()
    {
        Manifest manifest = Publish(50, shards: 2);
        Assert.Equal(Slots.Weights, CheckpointExport.DefaultSlot(manifest));
        Assert.Contains("has no slot \"x\"; it has m, master, v, weights", Assert.Throws<CheckpointException>(() => Export(manifest, "x", 600)).Message, StringComparison.Ordinal);
        Export(manifest, Slots.Master, 600);
        Assert.Contains("is there already", Assert.Throws<CheckpointException>(() => Export(manifest, Slots.Master, 600)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_metadata_names_run_step_and_model()
    {
        Manifest manifest = Publish(50, shards: 2);
        Export(manifest, Slots.Master, 4L << 30);
        JsonElement metadata = Header("model.safetensors").GetProperty("__metadata__");
        Assert.Equal(
            ["format=pt", "producer=moe-actors", "run=run-a", "model=model-a", "step=50", "slot=master"],
            metadata.EnumerateObject().Select(p => $"{p.Name}={p.Value.GetString()}"));
    }

    [Fact]
    public void Files_hold_every_tensor_once_in_order_and_none_is_larger_than_asked_but_by_a_single_tensor() =>
        Gen.Select(Gen.Long[0, 50].Array[0, 20], Gen.Long[1, 100]).Sample((sizes, most) =>
        {
            ExportTensor[] tensors = [.. sizes.Select((s, i) => new ExportTensor($"t{i:D2}", ElementTypes.F32, [s], s))];
            IReadOnlyList<ExportFile> files = ExportPlan.Files(tensors, most);
            Assert.Equal(tensors.Select(t => t.Name), files.SelectMany(f => f.Tensors.OrderBy(t => t.Name)).Select(t => t.Name));
            Assert.All(files, f => Assert.True(f.Tensors.Sum(t => t.Bytes) <= most || f.Tensors.Count == 1));
            Assert.Equal(files.Count, files.Select(f => f.Name).Distinct().Count());
        });

    [Fact]
    public void A_difference_counts_changed_entries_and_the_bytes_that_came_and_went_by_expert()
    {
        Manifest ten = Publish(10, shards: 1), twenty = Publish(20, shards: 1);
        CheckpointDiff diff = CheckpointDiff.Between(ten, twenty);
        Assert.All(diff.Entries, e => Assert.Equal((EntryChange.Version, 10L, 20L), (e.Change, e.From, e.To))); // the same bytes saved again
        Assert.Equal((twenty.DataBytes, ten.DataBytes), (diff.AddedBytes, diff.RemovedBytes));
        Assert.Equal([(-1, -1), (0, -1), (0, 0), (0, 1)], diff.Units.Select(u => (u.Layer, u.Expert)));

        // 20 refers to what 10 stored of expert 1, of other bytes for expert 0, and has lost a tensor.
        CheckpointEntry[] mixed =
        [
            .. ten.Entries.Where(e => e.Expert == 1),
            .. twenty.Entries.Where(e => e.Expert == 0).Select(e => e with { Checksum = new string('0', 32) }),
            .. ten.Entries.Where(e => e.Expert < 0 && e.Tensor != "final_norm"),
        ];
        diff = CheckpointDiff.Between(ten, twenty with { Entries = mixed });
        Assert.All(diff.Entries, e => Assert.Equal(e.Expert == 0 ? EntryChange.Changed : EntryChange.Removed, e.Change));
        Assert.Equal(ten.Entries.Count(e => e.Expert == 1 || (e.Expert < 0 && e.Tensor != "final_norm")), diff.Same);
        UnitDifference zero = diff.Units.Single(u => u.Expert == 0), one = diff.Units.Single(u => u.Expert == 1);
        Assert.Equal((zero.AddedBytes, 10L, 20L), (zero.RemovedBytes, zero.From, zero.To));
        Assert.Equal((0, 0L, 0L), (one.Entries, one.AddedBytes, one.RemovedBytes));
        Assert.Empty(CheckpointDiff.Between(ten, ten).Entries);
    }

    private Manifest Publish(long step, int shards)
    {
        store.Publish(state.Write(folder.Path, step, shards), SampleState.Expected);
        return store.Open(step);
    }

    private ExportResult Export(Manifest manifest, string slot, long most)
    {
        using var reader = new CheckpointReader(store.Storage, manifest);
        return CheckpointExport.Write(reader, Out, slot, most, TestContext.Current.CancellationToken);
    }

    private JsonElement Header(string file)
    {
        byte[] bytes = File.ReadAllBytes(Path.Combine(Out, file));
        return JsonDocument.Parse(bytes.AsMemory(8, (int)BinaryPrimitives.ReadInt64LittleEndian(bytes))).RootElement;
    }

    private List<(string Name, byte[] Bytes)> Parse(string file, string slot)
    {
        byte[] bytes = File.ReadAllBytes(Path.Combine(Out, file));
        int data = 8 + (int)BinaryPrimitives.ReadInt64LittleEndian(bytes);
        long next = 0;
        var tensors = new List<(string, byte[])>();
        foreach (JsonProperty t in Header(file).EnumerateObject().Where(p => p.Name != "__metadata__"))
        {
            long[] at = [.. t.Value.GetProperty("data_offsets").EnumerateArray().Select(v => v.GetInt64())];
            long[] shape = [.. t.Value.GetProperty("shape").EnumerateArray().Select(v => v.GetInt64())];
            Assert.Equal(next, at[0]);
            Assert.Equal(SampleState.Dtype(slot), t.Value.GetProperty("dtype").GetString());
            Assert.Equal(SampleState.Expected.Single(e => e.Name == t.Name).Shape, shape);
            Assert.Equal(ElementTypes.Count(shape) * ElementTypes.Size(SampleState.Dtype(slot)), at[1] - at[0]);
            tensors.Add((t.Name, bytes[(data + (int)at[0])..(data + (int)at[1])]));
            next = at[1];
        }

        Assert.Equal(bytes.Length, data + next);
        return tensors;
    }
}
