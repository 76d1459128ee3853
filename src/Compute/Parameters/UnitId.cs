using System.Globalization;

namespace MoeActors.Compute.Parameters;

/// <summary>What a unit is a part of.</summary>
public enum UnitKind
{
    /// <summary>The dense part.</summary>
    Dense,

    /// <summary>The experts of one MoE layer at one EP position.</summary>
    Experts,
}

/// <summary>
/// Names one unit of optimizer state: a range of one flat parameter group. Written <c>dense/3</c> (rank 3's shard) or
/// <c>experts/1/2/0</c> (block 1, EP position 2, the shard of group 0).
/// </summary>
/// <param name="Kind">Dense part or experts.</param>
/// <param name="Layer">Block index of the MoE layer; -1 for dense.</param>
/// <param name="Position">EP position; -1 for dense.</param>
/// <param name="Index">Rank for dense, EP group for experts.</param>
public readonly record struct UnitId(UnitKind Kind, int Layer, int Position, int Index)
{
    /// <summary>The shard of the dense part owned by <paramref name="rank"/>.</summary>
    public static UnitId Dense(int rank) => new(UnitKind.Dense, -1, -1, rank);

    /// <summary>The shard owned by EP group <paramref name="group"/> of the experts of block <paramref name="layer"/> at <paramref name="position"/>.</summary>
    public static UnitId Experts(int layer, int position, int group) => new(UnitKind.Experts, layer, position, group);

    /// <summary>Reads a name written by <see cref="ToString"/>; throws <see cref="FormatException"/> on anything else.</summary>
    public static UnitId Parse(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        string[] parts = name.Split('/');
        int[] numbers = new int[parts.Length - 1];
        for (int i = 0; i < numbers.Length; i++)
        {
            if (!int.TryParse(parts[i + 1], NumberStyles.None, CultureInfo.InvariantCulture, out numbers[i]))
            {
                throw Malformed(name);
            }
        }

        return (parts[0], numbers) switch
        {
            ("dense", [int rank]) => Dense(rank),
            ("experts", [int layer, int position, int @group]) => Experts(layer, position, @group),
            _ => throw Malformed(name),
        };
    }

    /// <summary>The unit's name.</summary>
    public override string ToString() => Kind == UnitKind.Dense ? $"dense/{Index}" : $"experts/{Layer}/{Position}/{Index}";

    private static FormatException Malformed(string name) =>
        new($"'{name}': expected a unit name such as dense/3 or experts/1/2/0");
}
