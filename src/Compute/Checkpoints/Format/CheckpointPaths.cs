using System.Globalization;

using MoeActors.Compute.Files;

namespace MoeActors.Compute.Checkpoints.Format;

/// <summary>Names in a checkpoints folder: "step-00000050.manifest.json" beside the data folder "step-00000050" (a later attempt: "step-00000050-7").</summary>
public static class CheckpointPaths
{
    /// <summary>Ending of manifests.</summary>
    public const string ManifestSuffix = ".manifest.json";

    private const string Prefix = "step-";

    /// <summary>The folder of a run directory that checkpoints lie in when nothing else is set.</summary>
    public static string InRun(string runFolder) => Path.Combine(runFolder, "checkpoints");

    /// <summary>Manifest of <paramref name="step"/>.</summary>
    public static string ManifestName(long step) => $"{Prefix}{step:D8}{ManifestSuffix}";

    /// <summary>Data folder of one attempt at <paramref name="step"/>; attempt 0 has the plain name.</summary>
    public static string FolderName(long step, long attempt = 0) => attempt == 0 ? $"{Prefix}{step:D8}" : $"{Prefix}{step:D8}-{attempt}";

    /// <summary>Step of a manifest's name; false for any other name.</summary>
    public static bool TryManifest(string name, out long step)
    {
        step = 0;
        return name.EndsWith(ManifestSuffix, StringComparison.Ordinal)
            && name.StartsWith(Prefix, StringComparison.Ordinal)
            && Number(name.AsSpan(Prefix.Length, name.Length - Prefix.Length - ManifestSuffix.Length), out step)
            && name == ManifestName(step);
    }

    /// <summary>Step of a data folder's name; false for any other name.</summary>
    public static bool TryFolder(string name, out long step)
    {
        step = 0;
        if (!name.StartsWith(Prefix, StringComparison.Ordinal))
        {
            return false;
        }

        ReadOnlySpan<char> rest = name.AsSpan(Prefix.Length);
        int dash = rest.IndexOf('-');
        long attempt = 0;
        return Number(dash < 0 ? rest : rest[..dash], out step)
            && (dash < 0 || Number(rest[(dash + 1)..], out attempt))
            && name == FolderName(step, attempt);
    }

    /// <summary>Whether <paramref name="file"/> is a plain relative path that cannot leave the checkpoints folder.</summary>
    public static bool IsSafe(string file) =>
        file.Length > 0 && !file.Contains('\\') && PlainText.IsPlain(file)
        && file.Split('/').All(part => part.Length > 0 && part != "." && part != "..");

    /// <summary>Folder part of a relative file name; "" for none.</summary>
    public static string FolderOf(string file) => file.LastIndexOf('/') is var slash and >= 0 ? file[..slash] : "";

    private static bool Number(ReadOnlySpan<char> text, out long value) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value);
}
