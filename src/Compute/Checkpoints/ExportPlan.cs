using MoeActors.Compute.Checkpoints.Format;

namespace MoeActors.Compute.Checkpoints;

/// <summary>A tensor to export, whole.</summary>
/// <param name="Name">Parameter name.</param>
/// <param name="Dtype">safetensors name.</param>
/// <param name="Shape">Shape.</param>
/// <param name="Bytes">Length.</param>
public sealed record ExportTensor(string Name, string Dtype, long[] Shape, long Bytes);

/// <summary>A file to write.</summary>
/// <param name="Name">"model.safetensors" or "model-00001-of-00003.safetensors".</param>
/// <param name="Tensors">Its tensors, in the order their bytes lie in.</param>
public sealed record ExportFile(string Name, IReadOnlyList<ExportTensor> Tensors);

/// <summary>PURE: which tensor goes into which file of an export.</summary>
public static class ExportPlan
{
    /// <summary>Fills files in the order given, each with at most <paramref name="mostBytes"/>; a tensor larger than that has one to itself.</summary>
    public static IReadOnlyList<ExportFile> Files(IEnumerable<ExportTensor> tensors, long mostBytes)
    {
        var groups = new List<List<ExportTensor>> { new() };
        long filled = 0;
        foreach (ExportTensor t in tensors)
        {
            if (groups[^1].Count > 0 && filled + t.Bytes > mostBytes)
            {
                groups.Add([]);
                filled = 0;
            }

            groups[^1].Add(t);
            filled += t.Bytes;
        }

        return [.. groups.Select((g, i) => new ExportFile(
            groups.Count == 1 ? "model.safetensors" : $"model-{i + 1:D5}-of-{groups.Count:D5}.safetensors",
            [.. SafetensorsHeader.Order(g.Count, n => g[n].Bytes).Select(n => g[n])]))];
    }
}
