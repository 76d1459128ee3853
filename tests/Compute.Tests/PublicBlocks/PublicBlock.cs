using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Tests.PublicBlocks;

/// <summary>
/// Numbers of one MoE block or gate of a public implementation: inputs, weights, outputs, gradients, auxiliary losses (Numbers/README.md says of which). The caller's dispose scope owns the tensors.
/// </summary>
internal sealed class PublicBlock
{
    private readonly Dictionary<string, Tensor> tensors = [];

    public PublicBlock(string name)
    {
        byte[] file = File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "PublicBlocks", "Numbers", $"{name}.safetensors"));
        int data = 8 + (int)BinaryPrimitives.ReadInt64LittleEndian(file);
        using JsonDocument header = JsonDocument.Parse(file.AsMemory(8, data - 8));
        foreach (JsonProperty p in header.RootElement.EnumerateObject().Where(p => p.Name != "__metadata__"))
        {
            long[] shape = Longs(p.Value, "shape"), offsets = Longs(p.Value, "data_offsets");
            ReadOnlySpan<byte> bytes = file.AsSpan(data + (int)offsets[0], (int)(offsets[1] - offsets[0]));
            tensors.Add(p.Name, Flat(p.Value.GetProperty("dtype").GetString()!, bytes).view(shape));
        }
    }

    /// <summary>fp32, or int64 for indices and counts; a mask is fp32 of zeros and ones.</summary>
    public Tensor this[string name] => tensors[name];

    /// <summary>Names of what has a gradient here: "w.x" and its "grad.x".</summary>
    public IEnumerable<string> Weights => tensors.Keys.Where(k => k.StartsWith("w.", StringComparison.Ordinal)).Select(k => k[2..]);

    public long[] Integers(string name) => [.. this[name].flatten().data<long>()];

    public double Number(string name) => this[name].item<float>();

    private static Tensor Flat(string dtype, ReadOnlySpan<byte> bytes) => dtype switch
    {
        "F32" => tensor(MemoryMarshal.Cast<byte, float>(bytes).ToArray()),
        "I64" => tensor(MemoryMarshal.Cast<byte, long>(bytes).ToArray()),
        "I32" => tensor(Array.ConvertAll(MemoryMarshal.Cast<byte, int>(bytes).ToArray(), i => (long)i)),
        "BOOL" => tensor(Array.ConvertAll(bytes.ToArray(), b => (float)b)),
        _ => throw new InvalidDataException(dtype),
    };

    private static long[] Longs(JsonElement e, string name) => [.. e.GetProperty(name).EnumerateArray().Select(v => v.GetInt64())];
}
