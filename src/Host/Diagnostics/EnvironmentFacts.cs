using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace MoeActors.Host.Diagnostics;

/// <summary>The facts about a machine and a build that a bug report needs; nothing about its user.</summary>
public sealed record EnvironmentFacts
{
    /// <summary>Distribution and kernel.</summary>
    public required string OperatingSystem { get; init; }

    /// <summary>Processor model.</summary>
    public required string Processor { get; init; }

    /// <summary>Cores this process may use.</summary>
    public required int Cores { get; init; }

    /// <summary>Vector units that matter here.</summary>
    public required IReadOnlyList<string> ProcessorFlags { get; init; }

    /// <summary>Physical memory, bytes.</summary>
    public required long MemoryBytes { get; init; }

    /// <summary>Memory available now, bytes.</summary>
    public required long AvailableMemoryBytes { get; init; }

    /// <summary>.NET runtime.</summary>
    public required string Runtime { get; init; }

    /// <summary>Version of this program.</summary>
    public required string Version { get; init; }

    /// <summary>Newest symbol version of the machine's libstdc++ (TorchSharp needs GLIBCXX_3.4.32); null when no library was found.</summary>
    public required string? LibStdCpp { get; init; }

    /// <summary>Whether an NVIDIA driver is present.</summary>
    public required bool NvidiaDriver { get; init; }

    /// <summary>Packages this program was built with, "name/version".</summary>
    public required IReadOnlyList<string> Packages { get; init; }

    /// <summary>Gathers the facts of this machine; what cannot be read is left empty.</summary>
    public static EnvironmentFacts Gather() => new()
    {
        OperatingSystem = $"{Field("/etc/os-release", "PRETTY_NAME", '=').Trim('"')}, {RuntimeInformation.OSDescription}",
        Processor = Field("/proc/cpuinfo", "model name", ':'),
        Cores = Environment.ProcessorCount,
        ProcessorFlags = [.. Field("/proc/cpuinfo", "flags", ':').Split(' ').Where(f => f is "avx2" or "fma" or "f16c" || f.StartsWith("avx512", StringComparison.Ordinal) || f.StartsWith("amx", StringComparison.Ordinal))],
        MemoryBytes = Kilobytes("MemTotal"),
        AvailableMemoryBytes = Kilobytes("MemAvailable"),
        Runtime = RuntimeInformation.FrameworkDescription,
        Version = typeof(EnvironmentFacts).Assembly.GetName().Version?.ToString() ?? "",
        LibStdCpp = NewestSymbolVersion(["/usr/lib/x86_64-linux-gnu", "/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/lib64", "/usr/lib"]),
        NvidiaDriver = File.Exists("/proc/driver/nvidia/version"),
        Packages = PackagesOf(Path.Combine(AppContext.BaseDirectory, "MoeActors.Host.deps.json")),
    };

    private static string Field(string file, string name, char separator)
    {
        try
        {
            string? line = File.ReadLines(file).FirstOrDefault(l => l.StartsWith(name, StringComparison.Ordinal));
            return line is null ? "" : line[(line.IndexOf(separator, StringComparison.Ordinal) + 1)..].Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    private static long Kilobytes(string name) => long.TryParse(Field("/proc/meminfo", name, ':').Split(' ')[0], out long kilobytes) ? kilobytes * 1024 : 0;

    private static string? NewestSymbolVersion(string[] folders)
    {
        string? library = folders.Select(f => Path.Combine(f, "libstdc++.so.6")).FirstOrDefault(File.Exists);
        if (library is null)
        {
            return null;
        }

        ReadOnlySpan<byte> rest = File.ReadAllBytes(library);
        ReadOnlySpan<byte> prefix = "GLIBCXX_3.4."u8;
        int newest = 0;
        for (int at = rest.IndexOf(prefix); at >= 0; at = rest.IndexOf(prefix))
        {
            rest = rest[(at + prefix.Length)..];
            if (System.Buffers.Text.Utf8Parser.TryParse(rest, out int minor, out _))
            {
                newest = Math.Max(newest, minor);
            }
        }

        return $"GLIBCXX_3.4.{newest}";
    }

    private static IReadOnlyList<string> PackagesOf(string dependencies)
    {
        if (!File.Exists(dependencies))
        {
            return [];
        }

        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(dependencies, Encoding.UTF8));
        return [.. document.RootElement.GetProperty("libraries").EnumerateObject().Where(l => l.Value.GetProperty("type").GetString() == "package").Select(l => l.Name).Order(StringComparer.Ordinal)];
    }
}
