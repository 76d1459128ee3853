using System.Buffers.Binary;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace MoeActors.Compute.Checkpoints;

/// <summary>Header of a shard file in the public safetensors format, and the order its tensors lie in.</summary>
internal static class SafetensorsHeader
{
    /// <summary>Value of "format" in the metadata.</summary>
    public const string Format = "moe-actors-shard/1";

    private const int Alignment = 64;

    /// <summary>Largest JSON header public readers accept.</summary>
    private const int MostJson = 100_000_000;

    /// <summary>
    /// Order of the data: the format allows no gaps, so tensors of whole 64-byte lines come first and start on a line each; after them
    /// those with the largest power of two in their length, so that each starts at a multiple of its element size. Stable otherwise.
    /// </summary>
    public static int[] Order(IReadOnlyList<ShardTensor> tensors) =>
        [.. Enumerable.Range(0, tensors.Count).OrderByDescending(i => Math.Min(Alignment, tensors[i].Bytes & -tensors[i].Bytes))];

    /// <summary>The header's bytes (length, JSON, spaces up to a multiple of 64), for tensors in the order they lie in.</summary>
    public static byte[] Build(string file, string runId, long step, IReadOnlyList<ShardTensor> ordered)
    {
        using var json = new MemoryStream();
        json.Write(stackalloc byte[8]);
        using (var writer = new Utf8JsonWriter(json, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            writer.WriteStartObject();
            Metadata(writer, runId, step, ordered);
            long offset = 0;
            foreach (ShardTensor t in ordered)
            {
                bool whole = IsWhole(t);
                writer.WriteStartObject(CheckpointEntry.NameOf(t.Tensor, t.Slot, t.Begin, t.Count, whole));
                writer.WriteString("dtype", t.Dtype);
                Numbers(writer, "shape", whole ? t.Shape : [t.Count]);
                Numbers(writer, "data_offsets", [offset, offset + t.Bytes]);
                writer.WriteEndObject();
                offset += t.Bytes;
            }

            writer.WriteEndObject();
        }

        while (json.Length % Alignment != 0)
        {
            json.WriteByte((byte)' ');
        }

        byte[] header = json.ToArray();
        if (header.Length - 8 > MostJson)
        {
            throw new CheckpointException($"{file}: a header of {header.Length - 8} bytes for {ordered.Count} tensors, at most {MostJson} can be read; spread them over more files");
        }

        BinaryPrimitives.WriteInt64LittleEndian(header, header.Length - 8);
        return header;
    }

    private static bool IsWhole(ShardTensor t) => t.Begin == 0 && t.Count == ElementTypes.Count(t.Shape);

    private static void Metadata(Utf8JsonWriter writer, string runId, long step, IReadOnlyList<ShardTensor> ordered)
    {
        writer.WriteStartObject("__metadata__");
        writer.WriteString("format", Format);
        writer.WriteString("run", runId);
        writer.WriteString("step", step.ToString());
        foreach (ShardTensor t in ordered.Where(t => !IsWhole(t)).DistinctBy(t => t.Tensor))
        {
            writer.WriteString($"shape:{t.Tensor}", $"[{string.Join(",", t.Shape)}]");
        }

        writer.WriteEndObject();
    }

    private static void Numbers(Utf8JsonWriter writer, string name, IEnumerable<long> values)
    {
        writer.WriteStartArray(name);
        foreach (long v in values)
        {
            writer.WriteNumberValue(v);
        }

        writer.WriteEndArray();
    }
}
