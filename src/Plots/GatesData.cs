using System.Text.Json;

namespace MoeActors.Plots;

/// <summary>A measured quantity of one gate: median and spread over its seeds.</summary>
internal sealed record GatePoint(double Median, double Min, double Max);

/// <summary>What the picture needs of a comparison of gates.</summary>
/// <param name="Machine">What it was measured on.</param>
/// <param name="Seeds">Runs of each gate.</param>
/// <param name="Gates">Names, in the order they were measured in.</param>
/// <param name="Points">By metric and gate.</param>
internal sealed record GatesData(string Machine, int Seeds, IReadOnlyList<string> Gates, IReadOnlyDictionary<(string Metric, string Gate), GatePoint> Points)
{
    private const string Prefix = "gates ";

    /// <summary>Whether a JSON object is what `moe bench --json` prints.</summary>
    public static bool Is(JsonElement root) => root.TryGetProperty("name", out JsonElement name) && name.ValueKind == JsonValueKind.String && name.GetString() == "moe-bench";

    /// <summary>Reads what `moe bench gates --json` printed; throws <see cref="InvalidDataException"/> where no gate is in it.</summary>
    public static GatesData Read(string path, JsonElement root)
    {
        var points = new Dictionary<(string, string), GatePoint>();
        var gates = new List<string>();
        int seeds = 0;
        foreach (JsonElement row in root.GetProperty("rows").EnumerateArray())
        {
            string name = row.GetProperty("case").GetString()!;
            if (name.StartsWith(Prefix, StringComparison.Ordinal))
            {
                string gate = name[Prefix.Length..];
                if (!gates.Contains(gate))
                {
                    gates.Add(gate);
                }

                seeds = row.GetProperty("runs").GetInt32();
                points[(row.GetProperty("metric").GetString()!, gate)] = new(row.GetProperty("median").GetDouble(), row.GetProperty("min").GetDouble(), row.GetProperty("max").GetDouble());
            }
        }

        return gates.Count == 0
            ? throw new InvalidDataException($"{path}: no gates were measured; there is nothing to draw")
            : new(root.GetProperty("machine").GetString() ?? "", seeds, gates, points);
    }
}
