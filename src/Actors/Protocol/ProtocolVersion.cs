using System.IO.Hashing;
using System.Reflection;

namespace MoeActors.Actors.Protocol;

/// <summary>What two processes must agree on before they talk.</summary>
internal static class ProtocolVersion
{
    /// <summary>Version of the control and data planes' messages.</summary>
    public const int Current = 9;

    /// <summary>Hash of the product's assemblies: two builds with the same hash compute the same (DT-1).</summary>
    public static string Build { get; } = HashAssemblies();

    private static string HashAssemblies()
    {
        var hash = new XxHash128();
        foreach (Assembly assembly in new[] { typeof(ProtocolVersion).Assembly, typeof(Compute.Specs.RunSpec).Assembly })
        {
            hash.Append(assembly.ManifestModule.ModuleVersionId.ToByteArray());
        }

        return Convert.ToHexStringLower(hash.GetCurrentHash());
    }
}
