using System.Reflection.Emit;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;

namespace MoeActors.Tests.CompiledCode;

/// <summary>Which method of an assembly calls which, by name and parameters, read from the file: nothing of it is loaded or run.</summary>
internal static class CallGraph
{
    private static readonly Dictionary<ushort, OpCode> Codes = typeof(OpCodes).GetFields()
        .Where(f => f.FieldType == typeof(OpCode)).Select(f => (OpCode)f.GetValue(null)!).ToDictionary(c => (ushort)c.Value);

    /// <summary>Every method with a body and what it calls: <c>Namespace.Type+Nested::Method(Parameter,…)</c>.</summary>
    public static Dictionary<string, HashSet<string>> Read(string assembly)
    {
        using var file = new PEReader(File.OpenRead(assembly));
        MetadataReader metadata = file.GetMetadataReader();
        var names = new MethodNames(metadata);
        var calls = new Dictionary<string, HashSet<string>>();
        foreach (MethodDefinitionHandle handle in metadata.MethodDefinitions)
        {
            if (metadata.GetMethodDefinition(handle).RelativeVirtualAddress is var address and not 0)
            {
                string name = names.Of(handle);
                calls.TryAdd(name, []);
                calls[name].UnionWith(Called(file.GetMethodBody(address).GetILBytes()!).Select(t => names.Of(MetadataTokens.EntityHandle(t))));
            }
        }

        return calls;
    }

    private static IEnumerable<int> Called(byte[] il)
    {
        for (int i = 0; i < il.Length;)
        {
            ushort code = il[i] == 0xfe ? (ushort)(0xfe00 | il[++i]) : il[i];
            OperandType operand = Codes[code].OperandType;
            i++;
            if (operand == OperandType.InlineMethod)
            {
                yield return BitConverter.ToInt32(il, i);
            }

            i += operand switch
            {
                OperandType.InlineNone => 0,
                OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
                OperandType.InlineVar => 2,
                OperandType.InlineI8 or OperandType.InlineR => 8,
                OperandType.InlineSwitch => 4 + (4 * BitConverter.ToInt32(il, i)),
                _ => 4,
            };
        }
    }
}
