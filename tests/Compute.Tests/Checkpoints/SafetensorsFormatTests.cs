using System.Buffers.Binary;
using System.Text.Json;
using MoeActors.Compute.Checkpoints.Files;
using MoeActors.Compute.Checkpoints.Format;

namespace MoeActors.Compute.Tests.Checkpoints;

/// <summary>Reads shard files by the public format's text alone: 8 bytes of header length, JSON, data without gaps.</summary>
public sealed class SafetensorsFormatTests
{
    [Fact]
    public void A_shard_is_a_safetensors_file_without_gaps_whose_tensors_are_aligned()
    {
        using var folder = new TemporaryFolder();
        using var state = new SampleState(2);
        Manifest manifest = state.Write(folder.Path, 50, shards: 1, cut: (tensor, _, n) => tensor == "embed" ? [32] : []);
        byte[] file = File.ReadAllBytes(Path.Combine(folder.Path, "step-00000050/shard-0.safetensors"));
        long length = BinaryPrimitives.ReadInt64LittleEndian(file);
        int data = (int)length + 8;
        Assert.Equal(0, data % 64);
        using JsonDocument header = JsonDocument.Parse(file.AsMemory(8, (int)length));
        JsonElement metadata = header.RootElement.GetProperty("__metadata__");
        Assert.Equal(("moe-actors-shard/1", "run-a", "50"), (metadata.GetProperty("format").GetString(), metadata.GetProperty("run").GetString(), metadata.GetProperty("step").GetString()));
        Assert.Equal("[7,16]", metadata.GetProperty("shape:embed").GetString());

        var tensors = header.RootElement.EnumerateObject().Where(p => p.Name != "__metadata__")
            .Select(p => (p.Name, Dtype: p.Value.GetProperty("dtype").GetString()!, Shape: Longs(p.Value, "shape"), Offsets: Longs(p.Value, "data_offsets")))
            .OrderBy(t => t.Offsets[0]).ToList();
        Assert.Equal(manifest.Entries.Count, tensors.Count);
        long next = 0;
        foreach ((string name, string dtype, long[] shape, long[] offsets) in tensors)
        {
            Assert.Equal(next, offsets[0]);
            int size = dtype switch { "F32" => 4, "BF16" => 2, _ => throw new InvalidDataException(dtype) };
            Assert.Equal(shape.Aggregate(1L, (a, b) => a * b) * size, offsets[1] - offsets[0]);
            Assert.Equal(0, (data + offsets[0]) % ((offsets[1] - offsets[0]) % 64 == 0 ? 64 : size));
            next = offsets[1];
        }

        Assert.Equal(file.Length, data + next);
        Assert.Equal([16, 8], tensors.Single(t => t.Name == "layers.0.experts.1.w1@m").Shape.Reverse());
        (_, _, long[] part, long[] at) = tensors.Single(t => t.Name == "embed@master[32:112]");
        Assert.Equal([80], part);
        Assert.True(state.Bytes("embed", Slots.Master)[128..].SequenceEqual(file.AsSpan(data + (int)at[0], (int)(at[1] - at[0]))));
    }

    [Fact]
    public void Pieces_outside_their_tensor_or_of_another_length_are_refused_before_anything_is_written()
    {
        using var folder = new TemporaryFolder();
        using var state = new SampleState(2);
        ShardTensor good = state.Pieces((_, _, _) => [])[0];
        foreach ((ShardTensor bad, string says) in new[]
        {
            (good with { Begin = 1 }, "outside shape"),
            (good with { Bytes = 8 }, "8 bytes"),
            (good with { Dtype = "I8" }, "I8"),
            (good with { Version = 2 }, "newer"),
            (good with { Count = 0, Bytes = 0 }, "outside shape"),
        })
        {
            Assert.Contains(says, Assert.Throws<CheckpointException>(() => new ShardFileWriter(folder.Path).Write("a.safetensors", "r", 1, [bad], TestContext.Current.CancellationToken)).Message);
        }

        Assert.Contains("twice", Assert.Throws<CheckpointException>(() => new ShardFileWriter(folder.Path).Write("a.safetensors", "r", 1, [good, good], TestContext.Current.CancellationToken)).Message);
        Assert.Throws<CheckpointException>(() => new ShardFileWriter(folder.Path).Write("../a.safetensors", "r", 1, [good], TestContext.Current.CancellationToken));
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder.Path));
    }

    private static long[] Longs(JsonElement e, string name) => [.. e.GetProperty(name).EnumerateArray().Select(v => v.GetInt64())];
}
