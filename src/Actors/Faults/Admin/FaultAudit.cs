using System.Text.Json;

using MoeActors.Actors.Protocol;
using MoeActors.Compute.Files;

namespace MoeActors.Actors.Faults.Admin;

/// <summary>
/// The audit of injected faults (AD-1): a file of JSON lines beside the run's other logs that only grows, each line on storage before what it announces happens. A new admin
/// goes on in the same file.
/// </summary>
internal static class FaultAudit
{
    /// <summary>Name of the file in the run folder, or in the node's data folder while there is no run.</summary>
    public const string FileName = "faults.jsonl";

    private static readonly JsonSerializerOptions Format = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase, RespectNullableAnnotations = true };

    private sealed record Line(
        DateTimeOffset At, string What, string Id, string Kind, string Target, IReadOnlyList<string> Parameters, string State, string By, long AtStep, long ForMs, string Observer, string Outcome,
        long TookMs);

    /// <summary>
    /// PURE: the folder whose audit has the fault: that of the run it was ordered in, also when the admin has just moved and has not seen the run yet; else of the run under way, else of the node.
    /// </summary>
    public static string FolderOf(AdminFault fault, Topology cluster, string dataFolder) =>
        fault.Order is { RunFolder.Length: > 0 } order ? order.RunFolder : cluster.RunFolder.Length > 0 ? cluster.RunFolder : dataFolder;

    /// <summary>
    /// PURE: of the faults that were ordered in the run of <paramref name="folder"/>, those that the journal knows to be further than its <paramref name="audit"/> does: an admin that ends, with its node or by a
    /// move, may leave the line to the one after it.
    /// </summary>
    public static IReadOnlyList<AdminFault> Missing(AdminState state, string folder, IReadOnlyList<FaultLine> audit)
    {
        Dictionary<string, string> known = audit.ToDictionary(l => l.Id, l => l.State);
        return [.. state.Faults.Values.Where(f => f.Order?.RunFolder == folder && known.GetValueOrDefault(f.Id) != NameOf(f.State))];
    }

    /// <summary>PURE: the highest number of a fault in an audit; 0 = it is empty.</summary>
    public static int Newest(IReadOnlyList<FaultLine> audit) => audit
        .Select(l => l.Id.StartsWith(AdminFault.IdPrefix, StringComparison.Ordinal) && int.TryParse(l.Id.AsSpan(AdminFault.IdPrefix.Length), out int number) ? number : 0)
        .DefaultIfEmpty().Max();

    private static string NameOf(FaultState state) => state.ToString().ToLowerInvariant();

    /// <summary>Appends and syncs one line; throws <see cref="IOException"/> or <see cref="UnauthorizedAccessException"/>.</summary>
    public static void Append(string folder, string what, AdminFault f, DateTimeOffset at)
    {
        var line = new Line(at, what, f.Id, f.Kind, f.Target, f.Parameters, NameOf(f.State), f.By, f.AtStep, f.ForMs, f.Observer?.Name ?? "", f.Outcome, f.TookMs);
        PrivateFiles.CreateFolder(folder);
        using FileStream file = PrivateFiles.OpenToAppend(Path.Combine(folder, FileName));
        file.Write(JsonSerializer.SerializeToUtf8Bytes(line, Format));
        file.WriteByte((byte)'\n');
        file.Flush(flushToDisk: true);
    }

    /// <summary>The faults as the audit of a folder has them last, in the order in which they were accepted. A line that is torn or altered tells nothing: the others stand.</summary>
    public static IReadOnlyList<FaultLine> Read(string folder)
    {
        string path = Path.Combine(folder, FileName);
        return !File.Exists(path)
            ? []
            : [.. File.ReadLines(path)
                .Select(Parse)
                .OfType<Line>()
                .GroupBy(l => l.Id)
                .Select(g => g.Last())
                .Select(l => new FaultLine(l.Id, l.Kind, l.Target, l.State, l.AtStep, l.ForMs, l.Observer, l.Outcome, l.TookMs))];
    }

    private static Line? Parse(string line)
    {
        try
        {
            return JsonSerializer.Deserialize<Line>(line, Format) is { Id: not null, Kind: not null, Target: not null, State: not null } whole ? whole : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
